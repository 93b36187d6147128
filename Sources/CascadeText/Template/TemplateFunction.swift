/// The functions that every template may call.
enum TemplateFunction: String {
    case range
    case dict
    case namespace
    case raiseException = "raise_exception"
}
