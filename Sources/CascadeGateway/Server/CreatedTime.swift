internal import Foundation

/// What `created` says in answers: seconds since the beginning of 1970. Nothing else reads it.
enum CreatedTime {
    /// Now.
    static var now: Int { Int(Date().timeIntervalSince1970) }
}
