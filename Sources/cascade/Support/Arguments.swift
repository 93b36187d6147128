internal import ArgumentParser
internal import CascadeCore
internal import CascadeEval
internal import CascadeHost
internal import CascadeNode

/// A list of whole numbers in one option, such as `1,2,4`.
struct NumberList: ExpressibleByArgument, Equatable {
    /// The numbers in the order given; at least one.
    var numbers: [Int]

    init(_ numbers: [Int]) { self.numbers = numbers }

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { Int($0.trimmingPrefix { $0 == " " }) }
        guard !numbers.isEmpty, numbers.count == parts.count else { return nil }
        self.numbers = numbers
    }

    var defaultValueDescription: String { numbers.map(String.init).joined(separator: ",") }
}

/// A list of numbers in one option, such as `0.1,0.3`.
struct DecimalList: ExpressibleByArgument, Equatable {
    /// The numbers in the order given; at least one.
    var numbers: [Double]

    init(_ numbers: [Double]) { self.numbers = numbers }

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { DecimalNumber.value($0.trimmingPrefix { $0 == " " }) }
        guard !numbers.isEmpty, numbers.count == parts.count else { return nil }
        self.numbers = numbers
    }

    var defaultValueDescription: String { numbers.map { "\($0)" }.joined(separator: ",") }
}

/// Several draft lengths in one option, such as `2,4,adaptive`.
struct DraftLengthList: ExpressibleByArgument, Equatable {
    /// The lengths in the order given, each once; at least one.
    var lengths: [DraftLength]

    init(_ lengths: [DraftLength]) { self.lengths = lengths }

    init?(argument: String) {
        lengths = []
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let length = DraftLength(argument: String(part.trimmingPrefix { $0 == " " })) else { return nil }
            if !lengths.contains(length) { lengths.append(length) }
        }
    }

    var defaultValueDescription: String { lengths.map(\.defaultValueDescription).joined(separator: ",") }
}

/// Milliseconds of a pass by its rows, such as `1:20,8:24,16:44`, or one number for all.
struct CostPointList: ExpressibleByArgument {
    /// In the order given.
    var points: [CostPoint]

    init?(argument: String) {
        points = []
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            let numbers = part.split(separator: ":", omittingEmptySubsequences: false)
            let rows = numbers.count == 1 ? 1 : UInt32(numbers[0])
            guard (1...2).contains(numbers.count), let rows,
                let milliseconds = DecimalNumber.value(numbers[numbers.count - 1])
            else {
                return nil
            }
            points.append(CostPoint(rows: rows, milliseconds: milliseconds))
        }
    }

    /// As the flag takes it.
    var defaultValueDescription: String { points.map { "\($0.rows):\($0.milliseconds)" }.joined(separator: ",") }
}

/// `--rules`: ways to answer, separated by commas; a rule may bring its own knobs, as in `token-v3:0.1:0.3,chow`.
struct GridEntryList: Equatable {
    /// The entries in the order given; at least one.
    var entries: [EvalGrid.Entry]

    init(_ entries: [EvalGrid.Entry]) { self.entries = entries }

    /// Reads the option's text; the error names what is wrong in it.
    init(parsing text: String) throws {
        entries = try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            let fields = part.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard let kind = EvalSetting.Kind(name: fields[0]) else {
                let names = EvalSetting.Kind.all.map(\.name).joined(separator: ", ")
                throw ValidationError("'\(fields[0])' is not one of \(names)")
            }
            let alphas = try fields.dropFirst().map { field in
                guard let alpha = DecimalNumber.value(field) else {
                    throw ValidationError("'\(field)' in '\(part)' is not a number")
                }
                return alpha
            }
            return EvalGrid.Entry(kind: kind, alphas: alphas)
        }
    }

    /// As the option takes it.
    var text: String {
        entries.map { entry in ([entry.kind.name] + entry.alphas.map { "\($0)" }).joined(separator: ":") }
            .joined(separator: ",")
    }
}

/// Ranges of options that several commands have; those of a job are ``JobLimits``.
enum Limits {
    /// Compute threads.
    static let threads = 1...256
    /// Tokens of a sequence, prompt and answer.
    static let context = 16...1_048_576

    /// Throws unless an answer may have so many tokens.
    static func checkAnswer(_ maxTokens: Int) throws {
        try check("--max-tokens", maxTokens, in: 1...JobLimits.standard.answerTokens)
    }

    /// Throws a usage error, with the range, unless the option's value is in it; nil, not given, is.
    static func check(_ option: String, _ value: Int?, in range: ClosedRange<Int>) throws {
        guard let value, !range.contains(value) else { return }
        throw ValidationError("\(option) must be \(range.lowerBound) to \(range.upperBound), not \(value)")
    }
}

/// A span of time on the command line, in seconds: above 0 and at most a year, so that no sum or difference of two
/// means anything else.
struct Seconds: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral, Equatable {
    /// The number.
    let value: Double

    private static let most = 31_536_000.0

    /// Reads the text of an option.
    static func parse(_ text: String) throws -> Seconds {
        guard let value = DecimalNumber.value(text), value > 0, value <= most else {
            throw ValidationError("it must be above 0 and at most \(secondsText(most)) seconds")
        }
        return Seconds(floatLiteral: value)
    }

    init(floatLiteral value: Double) { self.value = value }
    init(integerLiteral value: Int) { self.value = Double(value) }
}

/// A span of time as people write it: `500ms`, `30s`, `2m`, `1.5h`; a number alone is seconds.
enum TimeSpan {
    /// Milliseconds of each unit.
    private static let units: [String: Double] = ["": 1_000, "ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000]

    /// Reads the text of an option, in milliseconds.
    static func parse(_ text: String) throws -> UInt32 {
        let digits = text.prefix { ("0"..."9").contains($0) || $0 == "." }
        let most = JobLimits.standard.deadlineMilliseconds
        guard let number = DecimalNumber.value(digits), let unit = units[String(text.dropFirst(digits.count))],
            (1...Double(most)).contains((number * unit).rounded())
        else {
            throw ValidationError("it must be a time from 1ms to \(most / 3_600_000)h, such as 500ms, 30s or 2m")
        }
        return UInt32((number * unit).rounded())
    }
}

/// A number of bytes, as people write it: `2GiB`, `500MB`, `1048576`.
struct ByteSize: Equatable, ExpressibleByArgument {
    /// The number.
    var bytes: Int

    private static let units: [String: Int] = [
        "": 1, "b": 1, "kb": 1_000, "mb": 1_000_000, "gb": 1_000_000_000, "tb": 1_000_000_000_000, "kib": 1 << 10,
        "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
    ]

    init?(argument: String) {
        let digits = argument.prefix { ("0"..."9").contains($0) }
        guard let number = Int(digits), let unit = Self.units[argument.dropFirst(digits.count).lowercased()] else {
            return nil
        }
        let (product, overflow) = number.multipliedReportingOverflow(by: unit)
        guard !overflow else { return nil }
        bytes = product
    }
}

/// Numbers of options as people write them: `0.3`, `-1`, `1e-3`. Swift's own conversions also take `0x10`, `inf` and
/// `nan`.
enum DecimalNumber {
    /// The number; nil for any other text.
    static func value(_ text: some StringProtocol) -> Double? {
        let isDecimal = text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || "+-.eE".utf8.contains(byte)
        }
        guard isDecimal, let value = Double(text), value.isFinite else { return nil }
        return value
    }

    /// Reads the text of an option.
    static func parse(_ text: String) throws -> Double {
        guard let value = value(text) else { throw ValidationError("it must be a decimal number, such as 0.3") }
        return value
    }

    /// Reads the key of random streams.
    static func parseSeed(_ text: String) throws -> UInt64 {
        guard let seed = UInt64(text) else { throw ValidationError("it must be 0 to \(UInt64.max)") }
        return seed
    }
}

/// `--logit-bias`: a token's number and its bias, as in `1042=-5`.
enum TokenBias {
    /// Reads the text of an option.
    static func parse(_ text: String) throws -> LogitBias {
        let parts = text.split(separator: "=", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let token = Token(parts[0]),
            let bias = DecimalNumber.value(parts[1]), LogitBias.range.contains(bias)
        else {
            throw ValidationError("it must be a token's number and a bias from -100 to 100, such as 1042=-5")
        }
        return LogitBias(token: token, bias: bias)
    }
}

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

/// What `cascade up` runs on a machine, written as a list such as `coordinator,drafter`.
struct RoleList: ExpressibleByArgument, Equatable {
    /// Everything.
    static let all = RoleList(hasCoordinator: true, nodes: Set(NodeRole.allCases))

    /// Whether the coordinator is in the list; `up` cannot do without.
    var hasCoordinator: Bool
    /// The nodes beside it.
    var nodes: Set<NodeRole>

    private static let coordinator = "coordinator"

    init(hasCoordinator: Bool, nodes: Set<NodeRole>) {
        (self.hasCoordinator, self.nodes) = (hasCoordinator, nodes)
    }

    init?(argument: String) {
        self.init(hasCoordinator: false, nodes: [])
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            let name = String(part.trimmingPrefix { $0 == " " })
            if name == Self.coordinator {
                hasCoordinator = true
            } else if let role = NodeRole(rawValue: name) {
                nodes.insert(role)
            } else {
                return nil
            }
        }
    }

    /// The list as it is written; the coordinator first.
    var defaultValueDescription: String {
        ((hasCoordinator ? [Self.coordinator] : []) + NodeRole.allCases.filter(nodes.contains).map(\.rawValue))
            .joined(separator: ",")
    }
}
