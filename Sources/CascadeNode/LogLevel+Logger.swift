internal import CascadeCore
internal import Logging

extension LogLevel {
    /// The log's word for it.
    var loggerLevel: Logger.Level {
        switch self {
        case .debug: .debug
        case .info: .info
        case .warning: .warning
        case .error: .error
        }
    }
}
