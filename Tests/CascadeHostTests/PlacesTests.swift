import Testing

@testable import CascadeHost

/// Files of one user lie in one place, whatever of the environment is missing or nonsense.
struct PlacesTests {
    private func places(_ environment: [String: String], account: String? = "/accounts/anna") -> Places {
        Places(environment: environment, accountHome: { account })
    }

    @Test func everythingFollowsHome() throws {
        let places = places(["HOME": "/home/x"])
        #expect(try places.config() == "/home/x/.config/cascade")
        #expect(try places.keys() == "/home/x/.config/cascade/keys")
        #expect(try places.cache() == "/home/x/.cache/cascade")
        #expect(try places.run() == "/home/x/.local/state/cascade/run")
        #expect(try places.models() == "/home/x/.cache/cascade/models")
        #expect(try places.data() == "/home/x/.cache/cascade/data")
    }

    @Test(arguments: [[:], ["HOME": ""], ["HOME": "x"], ["HOME": "./x"], ["HOME": "~"]])
    func withoutHomeThePasswordDatabaseCounts(environment: [String: String]) throws {
        let places = places(environment)
        #expect(try places.home() == "/accounts/anna")
        #expect(try places.keys() == "/accounts/anna/.config/cascade/keys")
        #expect(try places.run() == "/accounts/anna/.local/state/cascade/run")
        #expect(try places.models() == "/accounts/anna/.cache/cascade/models")
    }

    @Test func variablesOfTheSpecificationComeFirst() throws {
        let places = places([
            "HOME": "/home/x", "XDG_CONFIG_HOME": "/c/", "XDG_CACHE_HOME": "/tmp//k", "XDG_STATE_HOME": "/s",
        ])
        #expect(try places.keys() == "/c/cascade/keys")
        #expect(try places.run() == "/s/cascade/run")
        #expect(try places.models() == "/tmp//k/cascade/models")
        #expect(try places.data() == "/tmp//k/cascade/data")
    }

    @Test(arguments: ["", "c", "./c", "../c", "~/c"])
    func emptyAndRelativeOnesAreIgnored(value: String) throws {
        let places = places([
            "HOME": "/home/x", "XDG_CONFIG_HOME": value, "XDG_CACHE_HOME": value, "XDG_STATE_HOME": value,
        ])
        #expect(try places.state() == "/home/x/.local/state/cascade")
        #expect(try places.config() == "/home/x/.config/cascade")
        #expect(try places.cache() == "/home/x/.cache/cascade")
    }

    @Test func ownVariablesNameFoldersWhatever() throws {
        let places = places(["CASCADE_MODELS_DIR": "/m", "CASCADE_DATA_DIR": "/d/"], account: nil)
        #expect(try places.models() == "/m")
        #expect(try places.data() == "/d")
    }

    @Test(arguments: [nil, "", "x"])
    func withNeitherItSaysWhatToSet(account: String?) {
        let places = places(["HOME": "", "XDG_CONFIG_HOME": "x"], account: account)
        let error = #expect(throws: PlaceError.self) { try places.keys() }
        #expect(error?.description.contains("set HOME, or XDG_CONFIG_HOME, to a folder of yours") == true)
        #expect(throws: PlaceError(variable: "CASCADE_MODELS_DIR")) { try places.models() }
        #expect(throws: PlaceError(variable: "XDG_STATE_HOME")) { try places.run() }
        #expect(throws: PlaceError(variable: "HOME")) { try places.home() }
    }
}
