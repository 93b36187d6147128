/// A moment as a wall clock shows it, for `strftime_now`.
struct TemplateClock: Sendable {
    private let year: Int
    private let month: Int
    private let day: Int
    private let dayOfYear: Int
    /// 0 is Sunday.
    private let weekday: Int
    private let secondOfDay: Int

    /// The moment so many seconds behind the beginning of 1970, in the clock's own time zone. At most the year 9999.
    init(localSeconds: UInt64) {
        let seconds = Int(min(localSeconds, 253_402_300_799))
        secondOfDay = seconds % 86_400
        let days = seconds / 86_400
        // The first of January 1970 was a Thursday.
        weekday = (days + 4) % 7
        // Counted from the first of March of the year 0, whose leap day comes last: 400 years have 146,097 days.
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let fromMarch = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * fromMarch + 2) / 153
        day = fromMarch - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        dayOfYear = fromMarch < 306 ? fromMarch + 60 + (isLeap ? 1 : 0) : fromMarch - 305
    }

    /// What a directive costs: several numbers are written for one.
    private static let stepsPerDirective = 8

    /// Python's `strftime` in the locale C; a `-` behind the `%` leaves padding out, as in glibc. Not inlined: what
    /// this needs of the stack is not for every evaluation to pay.
    @inline(never)
    func text(_ format: TemplateString, _ meter: inout TemplateMeter) throws(TemplateError) -> TemplateString {
        try meter.spend(bytes: format.count)
        var reader = TemplateByteReader(format)
        var result = TemplateString()
        var start = 0
        while let byte = reader.take() {
            guard byte == "%" else { continue }
            try meter.append(format[start..<reader.index - 1], to: &result)
            try meter.spend(Self.stepsPerDirective)
            let isUnpadded = reader.take(anyOf: "-") != nil
            guard let directive = reader.take(), let text = text(of: directive, isUnpadded: isUnpadded) else {
                throw .unsupported("the date format '\(format.text.prefix(64))'")
            }
            try meter.append(TemplateString(text), to: &result)
            start = reader.index
        }
        try meter.append(format[start..<reader.index], to: &result)
        return result
    }

    private func text(of directive: Unicode.Scalar, isUnpadded: Bool) -> String? {
        func padded(_ value: Int, _ digits: Int = 2, _ padding: Character = "0") -> String {
            let text = String(value)
            return isUnpadded ? text : String(repeating: padding, count: max(0, digits - text.count)) + text
        }
        let (hour, minute, second) = (secondOfDay / 3_600, secondOfDay / 60 % 60, secondOfDay % 60)
        var date: String { "\(padded(month))/\(padded(day))/\(padded(year % 100))" }
        var time: String { "\(padded(hour)):\(padded(minute)):\(padded(second))" }
        return switch directive {
        case "a": String(Self.weekdays[weekday].prefix(3))
        case "A": Self.weekdays[weekday]
        case "b", "h": String(Self.months[month - 1].prefix(3))
        case "B": Self.months[month - 1]
        case "c":
            """
            \(Self.weekdays[weekday].prefix(3)) \(Self.months[month - 1].prefix(3)) \(padded(day, 2, " ")) \(time) \
            \(year)
            """
        case "d": padded(day)
        case "D", "x": date
        case "e": padded(day, 2, " ")
        case "F": "\(year)-\(padded(month))-\(padded(day))"
        case "H": padded(hour)
        case "I": padded((hour + 11) % 12 + 1)
        case "j": padded(dayOfYear, 3)
        case "m": padded(month)
        case "M": padded(minute)
        case "n": "\n"
        case "p": hour < 12 ? "AM" : "PM"
        case "R": "\(padded(hour)):\(padded(minute))"
        case "S": padded(second)
        case "t": "\t"
        case "T", "X": time
        case "u": String((weekday + 6) % 7 + 1)
        case "w": String(weekday)
        case "y": padded(year % 100)
        case "Y": String(year)
        case "%": "%"
        default: nil
        }
    }

    private static let weekdays = [
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
    ]
    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
}
