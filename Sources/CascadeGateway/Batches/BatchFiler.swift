internal import NIOPosix

/// Writes a batch's results into its two files, and ends it.
struct BatchFiler: Sendable {
    let storage: GatewayStorage
    let limits: BatchLimits

    /// Lines at a time: each may have ``LineCall/mostResultBytes``.
    private static let page = 8

    /// Returns the batch as it has ended.
    func file(_ batch: Batch) async throws -> Batch {
        var drafts: [Bool: FileDraft] = [:]
        var (last, missing) = (0, 0)
        while true {
            let page = try await storage.results(of: batch.id, after: last, limit: Self.page)
            guard let end = page.last else { break }
            last = end.number
            var texts: [Bool: [UInt8]] = [:]
            for line in page {
                if line.bytes == nil { missing += 1 }
                let line = line.bytes == nil ? LineCall.missing(line, batch.status) : line
                texts[line.isError, default: []] += (line.bytes ?? []) + [UInt8(ascii: "\n")]
            }
            for (isError, text) in texts {
                let draft = try drafts[isError] ?? storage.newDraft()
                drafts[isError] = draft
                try await NIOThreadPool.singleton.runIfActive { try draft.write(text) }
            }
        }
        do {
            return try await end(batch, drafts, missing: missing)
        } catch {
            // It is tried again, with files of other names.
            for draft in drafts.values where (try? await storage.file(draft.id, owner: batch.owner)) == nil {
                storage.removeContent(draft.id)
            }
            throw error
        }
    }

    private func end(_ batch: Batch, _ drafts: [Bool: FileDraft], missing: Int) async throws -> Batch {
        let now = limits.now()
        var files: [StoredFile] = []
        for (isError, draft) in drafts {
            try await NIOThreadPool.singleton.runIfActive { [storage] in try storage.keep(draft) }
            files.append(
                StoredFile(
                    id: draft.id,
                    owner: batch.owner,
                    purpose: StoredFile.outputPurpose,
                    filename: "\(batch.id)_\(isError ? "error" : "output").jsonl",
                    bytes: draft.count,
                    createdAt: now
                )
            )
        }
        let event = Batch.Event.filed(output: drafts[false]?.id, errors: drafts[true]?.id, missing: missing)
        let (ended, happened) = try await storage.apply(event, to: batch.id, at: now, files: files)
        // Somebody else has ended it: these are nobody's.
        if !happened { for file in files { storage.removeContent(file.id) } }
        return ended
    }
}
