internal import ArgumentParser
internal import CascadeCore

/// `--num-speculative-tokens`: a number, or `adaptive`.
extension DraftLength: ExpressibleByArgument {
    init?(argument: String) {
        if argument == "adaptive" {
            self = .adaptive
        } else if let count = UInt32(argument) {
            self = .fixed(count)
        } else {
            return nil
        }
    }

    /// As the flag takes it.
    var defaultValueDescription: String { text }

    /// Throws where the number is none that a coordinator takes.
    func validate() throws {
        let most = JobLimits.standard.draftTokens
        guard case .fixed(let count) = self, count > most else { return }
        throw ValidationError("--num-speculative-tokens must be 0 to \(most) or adaptive, not \(count)")
    }
}

/// In JSON as the flag takes it: a number, or the string `adaptive`.
struct DraftLengthValue: Encodable {
    var draftLength: DraftLength

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch draftLength {
        case .adaptive: try container.encode("adaptive")
        case .fixed(let count): try container.encode(count)
        }
    }
}
