internal import Foundation

/// Bounds of files and batches, and how their lines run.
package struct BatchLimits: Sendable {
    /// Bytes of an uploaded file, at most: as OpenAI has it.
    package var mostFileBytes = 200 << 20
    /// Bytes of all files of an owner with which another may come, at most.
    package var mostOwnerBytes = 4 << 30
    /// Files of an owner with which another may come, at most.
    package var mostOwnerFiles = 10_000
    /// Uploads at a time, at most.
    package var mostUploads = 8
    /// Those of one owner, at most.
    package var mostOwnerUploads = 4
    /// From an upload's head to its end; then its connection is closed.
    package var uploadTimeout: Duration = .seconds(1_200)
    /// Lines of a batch, at most: as OpenAI has it.
    package var mostLines = 50_000
    /// Batches of an owner that have not ended, at most.
    package var mostOpenBatches = 100
    /// Lines of all batches that are asked at a time.
    package var linesAtOnce = 16
    /// Seconds after which a batch expires.
    package var window = 86_400

    /// How soon a batch sees that it was cancelled or has expired.
    var tick: Duration = .milliseconds(200)
    /// What a second of waiting for a new attempt lasts; tests have less patience.
    var retrySecond: Duration = .seconds(1)
    /// The present, in seconds since the beginning of 1970.
    var now: @Sendable () -> Int = { CreatedTime.now }

    /// The defaults.
    package init() {}
}
