import CCascadeBuild
import CascadeCore

/// Which histories the tests run, besides the first ones.
enum SeedLists {
    /// Seeds that have failed, in whatever version, with what was wrong: a history that was hard once stays in the
    /// tests.
    static let everFailed: [(seed: UInt64, finding: String)] = [
        (990_169, "I13: the simulated disk lost its damage, and a job that had been reported as damaged went on"),
        (20_000_089, "I19: a simulated engine stayed stuck when all was healed, and its drained node with it"),
        (30_007_849, "I19: the same"),
        (40_018_580, "I19: the same; the node had left and was not back"),
        (50_033_587, "I19: the same"),
        (50_041_525, "I13: a job that had been reported as damaged went on"),
        (375_221_006_909, "a job was given to a node that died over and over, although another was there"),
        (789_553_364_643, "the same; the other one was not asked again"),
        (188_874_012_824, "a job failed at an expert that died over and over, while a good one was loading"),
        (68_745_052_053, "I1: where too much waited for the disk, a report was sent without the answer's last part"),
        (5_401, "I23: the account of shares missed tokens that were taken back in the event that they came with"),
        (122, "I26: an innocent job was set aside beside one that kills, whose own records were lost"),
        (1_457, "I22: a client that had cancelled its job began anew, and was told of what it had done"),
        (1_027_658_761_109, "I13: two clients pushed each other's results out, of which few were kept, for ever"),
        (8_083, "a job failed at a silent expert, while a good one had no room yet"),
        (564_664_675_331, "I10: a deadline passed just behind a request, and what forgets its sequence overtook it"),
    ]

    /// The first seed of a range that every commit has for itself, so that each adds histories that nobody has seen.
    /// Any text gives one: builds that know no commit ("unknown") share a range.
    static func firstSeed(ofCommit commit: String) -> UInt64 {
        var hasher = Hasher128()
        hasher.combine(bytes: Array(commit.utf8))
        // 40 bits: far apart, and still numbers that can be typed.
        return hasher.finish().low >> 24
    }

    /// The commit that the tests were built from.
    static var commit: String { String(cString: cascade_build_commit()) }
}
