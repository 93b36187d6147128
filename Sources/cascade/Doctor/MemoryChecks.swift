internal import CascadeHost
internal import CascadeModel
internal import CascadeModelFetch
internal import CascadeNode
internal import Foundation

/// Memory and huge pages.
enum MemoryChecks {
    /// Looks at this machine.
    static func all(_ fetcher: ModelFetcher) -> [DoctorCheck] {
        let path = "/sys/kernel/mm/transparent_hugepage/enabled"
        return [
            memory(AvailableMemory.read(), need: pairNeed(fetcher)),
            hugePages(setting: try? String(contentsOfFile: path, encoding: .utf8)),
        ]
    }

    /// Bytes that a cluster of the default pair needs with full caches. Of a model whose file is not there, or cannot
    /// be read, only the file's size is known.
    static func pairNeed(_ fetcher: ModelFetcher) -> Int {
        let names = [ModelCatalogue.defaultExpert, ModelCatalogue.defaultDrafter]
        let paths = names.compactMap { fetcher.installed($0)?.path }
        if paths.count == names.count,
            let demand = try? MemoryDemand(expert: GGUFFile(path: paths[0]), drafter: GGUFFile(path: paths[1]), .usual)
        {
            return demand.total
        }
        return names.reduce(0) { $0 + (ModelCatalogue.standard.model(named: $1)?.bytes ?? 0) }
    }

    /// Whether the memory is enough for `need` bytes.
    static func memory(_ memory: AvailableMemory?, need: Int) -> DoctorCheck {
        guard let memory else {
            return .warning("memory", "unknown: /proc/meminfo says nothing", advice: "mount /proc")
        }
        let limit = memory.limit.map { ", limited to \(gigabytes($0)) by the control group" } ?? ""
        let message =
            "\(gigabytes(memory.available)) of \(gigabytes(memory.total)) available\(limit); "
            + "the default pair with full caches needs \(gigabytes(need))"
        guard min(memory.total, memory.limit ?? memory.total) >= need else {
            let way =
                memory.limit.map { $0 < need } == true ? "raise the control group's limit" : "use a larger machine"
            return .problem(
                "memory",
                message,
                advice: "\(way), or smaller models with 'cascade up --drafter … --expert …' and --kv-tokens below "
                    + "\(CacheOptions.defaultTokens)"
            )
        }
        guard memory.available >= need else {
            return .warning("memory", message, advice: "end what uses the memory, unless it is this cluster itself")
        }
        return .ok("memory", message)
    }

    /// Whether large pages can be had, from the text of the kernel's setting; nil where the kernel has none.
    static func hugePages(setting: String?) -> DoctorCheck {
        let name = "huge-pages"
        let chosen = setting?.split(whereSeparator: \.isWhitespace).first { $0.hasPrefix("[") }?.dropFirst().dropLast()
        switch chosen {
        case "always", "madvise": return .ok(name, "transparent huge pages: \(chosen ?? "")")
        default:
            return .warning(
                name,
                "transparent huge pages: \(chosen ?? "not in this kernel")",
                advice: "as root: echo madvise > /sys/kernel/mm/transparent_hugepage/enabled; weights stream 8 to 16 % "
                    + "faster"
            )
        }
    }

    private static func gigabytes(_ bytes: Int) -> String { decimalText(Double(bytes) / 1e9, 1) + " GB" }
}
