import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { PasswordGuessEntity } from './password-guess.entity';
import { PasswordGuessesRepository } from './password-guesses.repository';
import { PasswordGuesses } from './password-guesses.service';
import { PasswordHasher } from './password-hasher.service';

/** Passwords of things: what may be one, hashing within bounds, guessing made slow. */
@Module({
  imports: [TypeOrmModule.forFeature([PasswordGuessEntity])],
  providers: [PasswordGuessesRepository, PasswordGuesses, PasswordHasher],
  exports: [PasswordGuesses, PasswordHasher],
})
export class PasswordsModule {}
