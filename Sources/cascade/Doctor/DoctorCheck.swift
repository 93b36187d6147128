internal import CascadeHost

/// One thing that `cascade doctor` looked at.
struct DoctorCheck: Equatable {
    /// How it is.
    enum State: String, Encodable {
        /// As it should be.
        case ok
        /// The service runs, but worse than it could, or something that may be wanted is not there.
        case warning
        /// The service, or a part of it, will not run.
        case problem
    }

    /// What was looked at, e.g. `memory`.
    var name: String
    /// How it is.
    var state: State
    /// What was found.
    var message: String
    /// What to do; nil where nothing needs doing.
    var advice: String?

    /// Nothing needs doing.
    static func ok(_ name: String, _ message: String) -> DoctorCheck {
        DoctorCheck(name: name, state: .ok, message: message, advice: nil)
    }

    /// It goes on, but `advice` helps.
    static func warning(_ name: String, _ message: String, advice: String) -> DoctorCheck {
        DoctorCheck(name: name, state: .warning, message: message, advice: advice)
    }

    /// It does not go on without `advice`.
    static func problem(_ name: String, _ message: String, advice: String) -> DoctorCheck {
        DoctorCheck(name: name, state: .problem, message: message, advice: advice)
    }
}

extension DoctorCheck: Encodable {
    private enum CodingKeys: CodingKey {
        case name, state, message, advice
    }

    /// As JSON: every key every time, `advice` null where there is none.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(state, forKey: .state)
        try container.encode(message, forKey: .message)
        try container.encode(Nullable(advice), forKey: .advice)
    }
}
