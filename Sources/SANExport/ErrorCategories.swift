import SANInference

extension RenderingError: CategorizedError {
  /// `ErrorCategory.badArgument`.
  public var category: ErrorCategory { .badArgument }
}

extension EvaluationError: CategorizedError {
  /// `ErrorCategory.badArgument`.
  public var category: ErrorCategory { .badArgument }
}

extension UnknownLabelValue: CategorizedError {
  /// `ErrorCategory.damaged`.
  public var category: ErrorCategory { .damaged }
}

extension FontError: CategorizedError {
  /// `ErrorCategory.damaged`.
  public var category: ErrorCategory { .damaged }
}
