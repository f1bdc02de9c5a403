import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { BudgetsModule } from '../platform/budgets/budgets.module';
import { UsersModule } from '../users/users.module';
import { AccessAdministration } from './administration/access-administration.service';
import { DevicesController } from './devices/devices.controller';
import { TrustedDeviceEntity } from './devices/trusted-device.entity';
import { TrustedDevicesRepository } from './devices/trusted-devices.repository';
import { TrustedDevicesService } from './devices/trusted-devices.service';
import { EmailChangeController } from './email-change/email-change.controller';
import { EmailChangeService } from './email-change/email-change.service';
import { ChallengesRepository } from './pin/challenges.repository';
import { LoginChallengeEntity } from './pin/login-challenge.entity';
import { NewChallenges } from './pin/new-challenges';
import { PinController } from './pin/pin.controller';
import { PinBudgets } from './pin/pin-budgets';
import { PinGuessesService } from './pin/pin-guesses.service';
import { PinMetrics } from './pin/pin-metrics';
import { PinRequestsService } from './pin/pin-requests.service';
import { PinRetention } from './pin/pin-retention';
import { PinTransactions } from './pin/pin-transactions';
import { StepUpCodeEntity } from './pin/step-up/step-up-code.entity';
import { StepUpCodesRepository } from './pin/step-up/step-up-codes.repository';
import { StepUpService } from './pin/step-up/step-up.service';
import { ReauthenticationController } from './reauthentication/reauthentication.controller';
import { ReauthenticationService } from './reauthentication/reauthentication.service';
import { SessionGuard } from './session.guard';
import { SessionEntity } from './sessions/session.entity';
import { SessionCookies } from './sessions/session-cookies.service';
import { SessionRetention } from './sessions/session-retention';
import { SessionsController } from './sessions/sessions.controller';
import { SessionsRepository } from './sessions/sessions.repository';
import { SessionsService } from './sessions/sessions.service';
import { SignInService } from './sessions/sign-in.service';

@Module({
  imports: [
    BudgetsModule,
    UsersModule,
    TypeOrmModule.forFeature([LoginChallengeEntity, SessionEntity, StepUpCodeEntity, TrustedDeviceEntity]),
  ],
  controllers: [
    DevicesController,
    EmailChangeController,
    PinController,
    ReauthenticationController,
    SessionsController,
  ],
  providers: [
    AccessAdministration,
    ChallengesRepository,
    NewChallenges,
    PinBudgets,
    PinGuessesService,
    PinMetrics,
    PinRequestsService,
    PinRetention,
    PinTransactions,
    StepUpCodesRepository,
    StepUpService,
    EmailChangeService,
    ReauthenticationService,
    SessionCookies,
    SessionRetention,
    SessionsRepository,
    SessionsService,
    SignInService,
    TrustedDevicesRepository,
    TrustedDevicesService,
    { provide: APP_GUARD, useClass: SessionGuard },
  ],
  exports: [AccessAdministration, SessionsService],
})
export class AuthModule {}
