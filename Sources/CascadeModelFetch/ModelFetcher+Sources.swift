internal import Foundation

extension ModelFetcher {
    /// Completes `partial` from the first source that can, and returns its SHA-256.
    func fill(
        _ partial: PartialFile,
        with wanted: WantedFile,
        _ progress: @escaping @Sendable (FetchEvent) -> Void
    ) async throws -> String {
        if let bytes = wanted.bytes, partial.length > bytes { try partial.truncate(to: 0) }
        var failures: [ModelFetchError] = []
        for source in sources(of: wanted, scratch: partial.url.appendingPathExtension("parts")) {
            do {
                return try await fill(partial, with: wanted, from: source, progress)
            } catch let error as ModelFetchError where error.code != .noSpace {
                failures.append(error)
                progress(.notice("\(source.name): \(error.message)"))
            }
        }
        if let only = failures.first, failures.count == 1 { throw only.withWayOut }
        let reasons = failures.map(\.message).joined(separator: "; ")
        let wayOut = failures.contains { $0.code == .unreachable } ? "; \(ModelFetchError.wayOut)" : ""
        throw ModelFetchError(
            code: .allSourcesFailed,
            message: "\(wanted.name) could not be fetched: \(reasons)\(wayOut)"
        )
    }

    /// Completes `partial` from `source`. If its beginning was there before and the digest is wrong, the beginning may
    /// be to blame (a crash of the machine can leave holes), so the source gets a second chance from the first byte on.
    private func fill(
        _ partial: PartialFile,
        with wanted: WantedFile,
        from source: Source,
        _ progress: @escaping @Sendable (FetchEvent) -> Void
    ) async throws -> String {
        let resumed = partial.length > 0
        do {
            return try await complete(partial, with: wanted, from: source, progress)
        } catch let error as ModelFetchError where error.code == .wrongHash && resumed && partial.length == 0 {
            progress(.notice("\(error.message); starting from the first byte"))
            return try await complete(partial, with: wanted, from: source, progress)
        }
    }

    private func complete(
        _ partial: PartialFile,
        with wanted: WantedFile,
        from source: Source,
        _ progress: @escaping @Sendable (FetchEvent) -> Void
    ) async throws -> String {
        let report: @Sendable (Int) -> Void = { progress(.progress(done: $0, total: wanted.bytes)) }
        let missing = wanted.bytes.map { $0 - partial.length } ?? 0
        progress(.source(source.name))
        report(partial.length)
        switch source {
        case .http(_, let http):
            try FileSystem.requireFree(missing, in: directory)
            try await http.fetch(into: partial, bytes: wanted.bytes, report: report)
        case .packages(let packages):
            let wheel = wanted.parts.map(\.bytes).max() ?? 0
            try FileSystem.requireFree(missing + min(wheel, missing), in: directory)
            try await packages.fetch(into: partial, report: report)
        }
        return try await verifiedDigest(of: partial, wanted, from: source.name, progress)
    }

    /// The SHA-256 of the complete `partial`.
    ///
    /// - Throws: `wrongSize` or `wrongHash`; the partial file is empty then, since nothing in it can be trusted.
    private func verifiedDigest(
        of partial: PartialFile,
        _ wanted: WantedFile,
        from place: String,
        _ progress: @Sendable (FetchEvent) -> Void
    ) async throws -> String {
        if let bytes = wanted.bytes, bytes != partial.length {
            let actual = partial.length
            try partial.truncate(to: 0)
            throw ModelFetchError(
                code: .wrongSize,
                message: "\(wanted.name) from \(place): \(bytes) bytes expected, \(actual) received"
            )
        }
        progress(.checking)
        let actual = try await Checksum.sha256(of: partial.url, environment: environment)
        if let expected = wanted.sha256, expected != actual {
            try partial.truncate(to: 0)
            throw ModelFetchError(
                code: .wrongHash,
                message: "\(wanted.name) from \(place): sha256 expected \(expected), received \(actual)"
            )
        }
        return actual
    }

    /// Where a file may come from.
    private enum Source {
        case http(name: String, HTTPSource)
        case packages(PackageSource)

        var name: String {
            switch self {
            case .http(let name, _): name
            case .packages: "Python packages"
            }
        }
    }

    /// The sources of `wanted` in the order to try them.
    private func sources(of wanted: WantedFile, scratch: URL) -> [Source] {
        let http = Source.http(name: wanted.urlName, HTTPSource(url: wanted.url, environment: environment))
        let packages = PackageSource(parts: wanted.parts, environment: environment, scratch: scratch)
        return wanted.parts.isEmpty ? [http] : [http, .packages(packages)]
    }
}
