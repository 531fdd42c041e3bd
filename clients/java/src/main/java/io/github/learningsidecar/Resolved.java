package io.github.learningsidecar;

import io.github.learningsidecar.v1.Arm;
import io.github.learningsidecar.v1.ResolveParametersResponse;

/**
 * The values for one task.
 *
 * @param deltaSequence to be sent back as the task's delta_sequence
 * @param arm of the trial that the task is part of; ARM_UNSPECIFIED if it is in none
 * @param isFallback the sidecar did not answer: these are the last values known
 */
public record Resolved(Parameters parameters, long deltaSequence, Arm arm, boolean isFallback) {
  static Resolved of(ResolveParametersResponse answer) {
    var parameters = Parameters.of(answer.getParametersMap());
    return new Resolved(parameters, answer.getDeltaSequence(), answer.getArm(), false);
  }

  static Resolved fallback(Parameters parameters, long sequence) {
    return new Resolved(parameters, sequence, Arm.ARM_UNSPECIFIED, true);
  }
}
