import Foundation
import Testing

@testable import CascadeTemplate

/// The dates that templates print, against the system's `strftime` in the locale C.
struct TemplateClockTests {
    private static let formats = [
        "%Y-%m-%d", "%d %b %Y", "%B %d, %Y", "%A, %e %B %Y", "%H:%M:%S", "%I:%M %p", "%j", "%a %u %w", "%y",
        "%D|%F|%R|%T",
        "%-d/%-m/%-H/%-I/%-j", "%c", "%x %X", "100%%", "plain é", "%h%n%t",
    ]

    private func text(_ seconds: Int, _ format: TemplateString) throws -> TemplateString {
        var meter = TemplateMeter()
        return try TemplateClock(localSeconds: UInt64(seconds)).text(format, &meter)
    }

    private func expected(_ seconds: Int, _ format: String) -> String {
        var (moment, fields) = (time_t(seconds), tm())
        gmtime_r(&moment, &fields)
        var buffer = [CChar](repeating: 0, count: 256)
        let count = strftime(&buffer, buffer.count, format, &fields)
        return String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    @Test(arguments: formats)
    func datesAreThoseOfTheSystem(format: String) throws {
        // The first and last moments, ends of months, leap days, a century that has none, and every eleventh day or so.
        let marked = [0, 59, 86_399, 951_782_399, 951_782_400, 951_868_800, 4_107_542_400, 253_402_300_799]
        for seconds in marked + stride(from: 1_234_567, to: 6_000_000_000, by: 964_321 * 11) {
            #expect(try text(seconds, TemplateString(format)).text == expected(seconds, format), "\(seconds)")
        }
    }

    @Test func otherDirectivesAreRefused() {
        for format in ["%Q", "%", "%-", "%Z", "%é"] {
            let error = #expect(throws: TemplateError.self) { try text(0, TemplateString(format)) }
            #expect(error?.kind == .unsupported)
        }
    }

    /// A user's text in a format stays a user's; the date is the program's.
    @Test func charactersKeepTheirOrigin() throws {
        let dated = try text(0, TemplateString("<") + TemplateString("é%Y|", isForeign: true) + TemplateString(">"))
        #expect(dated.text == "<é1970|>")
        #expect(dated.foreign == [1..<3, 7..<8])
    }

    @Test func templatesHaveTheClockTheyAreGiven() throws {
        let source = "{{ strftime_now('%d %b %Y') if strftime_now is defined else 'no clock' }}"
        func render(_ seconds: UInt64?) throws -> TemplateString {
            try ChatTemplate(source: source).render(
                messages: [],
                addGenerationPrompt: true,
                bosToken: "",
                eosToken: "",
                localSeconds: seconds
            )
        }
        #expect(try render(nil).text == "no clock")
        let dated = try render(1_764_374_400)
        #expect(dated.text == "29 Nov 2025")
        #expect(dated.foreign.isEmpty)
    }
}
