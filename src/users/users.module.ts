import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SecurityEventEntity } from './events/security-event.entity';
import { SecurityEventsController } from './events/security-events.controller';
import { SecurityEventsRepository } from './events/security-events.repository';
import { SecurityLog } from './events/security-log.service';
import { UserAdministration } from './user-administration.service';
import { UserEntity } from './user.entity';
import { UsersController } from './users.controller';
import { UsersRepository } from './users.repository';
import { UsersService } from './users.service';

@Module({
  imports: [TypeOrmModule.forFeature([SecurityEventEntity, UserEntity])],
  controllers: [UsersController, SecurityEventsController],
  providers: [UsersRepository, UsersService, SecurityEventsRepository, SecurityLog, UserAdministration],
  exports: [UsersService, SecurityLog, UserAdministration],
})
export class UsersModule {}
