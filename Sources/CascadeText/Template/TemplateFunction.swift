/// The functions that every template may call.
enum TemplateFunction: String {
    case range
    case dict
    case namespace
    case raiseException = "raise_exception"
    /// Undefined where nobody says what time it is.
    case strftimeNow = "strftime_now"
}
