import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { UsersModule } from '../users/users.module';
import { ChallengesRepository } from './pin/challenges.repository';
import { LoginChallengeEntity } from './pin/login-challenge.entity';
import { PinController } from './pin/pin.controller';
import { PinService } from './pin/pin.service';
import { SessionGuard } from './session.guard';
import { SessionEntity } from './sessions/session.entity';
import { SessionsController } from './sessions/sessions.controller';
import { SessionsRepository } from './sessions/sessions.repository';
import { SessionsService } from './sessions/sessions.service';

@Module({
  imports: [UsersModule, TypeOrmModule.forFeature([LoginChallengeEntity, SessionEntity])],
  controllers: [PinController, SessionsController],
  providers: [
    ChallengesRepository,
    PinService,
    SessionsRepository,
    SessionsService,
    { provide: APP_GUARD, useClass: SessionGuard },
  ],
})
export class AuthModule {}
