import Foundation
import Testing

/// What `SettingsTests` finds misspelled is told by the program.
struct MisspellingTests {
    @Test func misspelledVariablesAreTold() async throws {
        let home = try UpHome(["CASCADE_ENDPONT": "x"])
        let told = try await home.run(["up", "-d", "--roles", "coordinator"])
        #expect(told.code == 0, "\(told)")
        #expect(told.errors.contains("CASCADE_ENDPONT is not a setting and is ignored; did you mean CASCADE_ENDPOINT?"))
        let log = try String(contentsOf: try #require(try home.files(".log").first), encoding: .utf8)
        #expect(!log.contains("CASCADE_ENDPONT"), "once is enough")
        #expect(try await home.run(["down"]).code == 0)
        let doctor = try await home.run(["doctor", "--no-hash"])
        #expect(doctor.output.contains("did you mean CASCADE_ENDPOINT?"), "\(doctor.output)")
    }
}
