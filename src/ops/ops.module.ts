import { Module, type DynamicModule } from '@nestjs/common';
import { HealthController } from './health.controller.js';

/** Faces for the people who run the gateway. */
@Module({})
export class OpsModule {
  static register(platform: DynamicModule, ledger: DynamicModule): DynamicModule {
    return { module: OpsModule, imports: [platform, ledger], controllers: [HealthController] };
  }
}
