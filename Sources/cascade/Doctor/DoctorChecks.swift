internal import CascadeCore
internal import CascadeHost
internal import CascadeModel
internal import CascadeModelFetch
internal import CascadeNode
internal import CascadeTransport
internal import Foundation

/// Processor, kernels and cores.
enum ProcessorChecks {
    /// Features that decide which kernels run and how fast.
    private static let features = [
        "avx2", "f16c", "fma", "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni", "avx_vnni", "asimd",
        "asimddp", "i8mm",
    ]

    /// Looks at this machine.
    static func all() -> [DoctorCheck] {
        let environment = ProcessInfo.processInfo.environment
        return [
            processor(information: (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""),
            kernels(wanted: environment["CASCADE_KERNELS"]),
            cores(inMask: AvailableCores.inMask, quota: AvailableCores.quota(), threads: AvailableCores.count()),
        ] + processes(ProcessLimits.read(), cores: AvailableCores.inMask)
    }

    /// The model and the features that matter, from the text of `/proc/cpuinfo`.
    static func processor(information: String) -> DoctorCheck {
        func value(_ keys: String...) -> String? {
            for line in information.split(separator: "\n") {
                let parts = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
                if parts.count == 2, keys.contains(parts[0]) { return parts[1] }
            }
            return nil
        }
        let model = value("model name", "Model") ?? "unknown processor"
        let flags = Set((value("flags", "Features") ?? "").split(separator: " ").map(String.init))
        let found = features.filter(flags.contains)
        return .ok("processor", found.isEmpty ? model : "\(model); \(found.joined(separator: " "))")
    }

    /// Which set runs, and which there are; `wanted` is what the environment names.
    static func kernels(wanted: String?) -> DoctorCheck {
        let sets = KernelSet.names.filter { (try? KernelSet(named: $0)) != nil }
        let others = "this processor has \(sets.joined(separator: ", "))"
        let best = sets.first ?? ""
        do throws(ModelError) {
            let chosen = try KernelSet(named: wanted).name
            if chosen != best {
                return .warning(
                    "kernels",
                    "\(chosen), as CASCADE_KERNELS wants; \(others)",
                    advice: "unset CASCADE_KERNELS: \(best) is faster and computes the same"
                )
            }
            if sets.count == 1 {
                return .warning(
                    "kernels",
                    "\(chosen); \(others) alone",
                    advice: "use a processor with AVX2 or AVX-512: this one is several times slower"
                )
            }
            return .ok("kernels", "\(chosen); \(others)")
        } catch {
            return .problem(
                "kernels",
                "CASCADE_KERNELS names '\(wanted ?? "")'; \(others)",
                advice: "unset CASCADE_KERNELS, or name one of them"
            )
        }
    }

    /// Whether there may be too few processes and threads; nothing to say where there may be enough.
    static func processes(_ limits: ProcessLimits, cores: Int) -> [DoctorCheck] {
        guard let low = limits.low(cores: cores) else { return [] }
        let need = "a cluster here takes up to \(ProcessLimits.need(cores: cores)) processes and threads"
        let advice =
            "raise it (ulimit -u, docker run --pids-limit): without a thread a process fails to start or crashes"
        return [.warning("processes", "limited to \(low); \(need)", advice: advice)]
    }

    /// How many threads a node takes where it is not told, and why.
    static func cores(inMask: Int, quota: Double?, threads: Int) -> DoctorCheck {
        var cut = ""
        if let quota, quota < Double(inMask) {
            cut = ", the control group's quota is \(String(format: "%.3g", quota))"
        }
        let message = "\(inMask) in the affinity mask\(cut): \(plural(threads, "thread")) by default"
        if let quota, quota < 1 {
            let advice = "raise the quota: nodes that share less than a core stand still for most of the time"
            return .warning("cores", message, advice: advice)
        }
        guard threads == 1 else { return .ok("cores", message) }
        return .warning("cores", message, advice: "give the process more cores: two nodes share this one")
    }
}

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

/// The model files in `CASCADE_MODELS_DIR`.
enum ModelFileChecks {
    /// Looks at every file, and for the default pair.
    static func all(_ fetcher: ModelFetcher, hashes: Bool) async -> [DoctorCheck] {
        let directory = fetcher.directory.path
        guard let models = fetcher.installedModels() else {
            let state = FileAccess.isFolder(directory) ? "cannot be read" : "is not there"
            return [
                .problem(
                    "models",
                    "the models directory \(directory) \(state)",
                    advice: "fetch the default pair with \(fetchCommand(defaultPair)), "
                        + "or name the right directory in CASCADE_MODELS_DIR"
                )
            ]
        }
        var checks: [DoctorCheck] = []
        for model in models { checks.append(await check(model, fetcher, hashes: hashes)) }
        checks.append(pair(installed: models.compactMap(\.catalogue?.name), hasOthers: !models.isEmpty, directory))
        return checks
    }

    /// Whether the default pair is there.
    static func pair(installed: [String], hasOthers: Bool, _ directory: String) -> DoctorCheck {
        let missing = defaultPair.filter { !installed.contains($0) }
        guard !missing.isEmpty else { return .ok("models", "the default pair is in \(directory)") }
        let message = "\(missing.joined(separator: " and ")) of the default pair not in \(directory)"
        let advice = "fetch with \(fetchCommand(missing)), or name other models to 'cascade up'"
        // Somebody who keeps other models here may not want these.
        return hasOthers
            ? .warning("models", message, advice: advice) : .problem("models", message, advice: advice)
    }

    private static let defaultPair = [ModelCatalogue.defaultDrafter, ModelCatalogue.defaultExpert]

    private static func fetchCommand(_ names: [String]) -> String {
        "'cascade model fetch \(names.joined(separator: " "))'"
    }

    private static func check(_ model: InstalledModel, _ fetcher: ModelFetcher, hashes: Bool) async -> DoctorCheck {
        let name = "model \(model.url.lastPathComponent)"
        guard let expected = model.catalogue else {
            return servable(model, name, "\(model.bytes) bytes; not in the catalogue, so there is no hash to compare")
        }
        let advice = "remove \(model.url.path) and run \(fetchCommand([expected.name]))"
        guard model.bytes == expected.bytes else {
            return .problem(name, "\(model.bytes) bytes, not \(expected.bytes)", advice: advice)
        }
        guard hashes else { return servable(model, name, "\(model.bytes) bytes; hash not computed") }
        Output.note("checking the sha256 of \(model.url.lastPathComponent) …")
        do {
            let digest = try await fetcher.sha256(of: model.url)
            guard digest == expected.sha256 else {
                return .problem(name, "sha256 \(digest), not \(expected.sha256)", advice: advice)
            }
            return servable(model, name, "\(model.bytes) bytes, sha256 right")
        } catch {
            return .problem(name, "cannot be read: \(error)", advice: "see who may read \(model.url.path)")
        }
    }

    /// Right as a file; a warning where it cannot be served all the same.
    private static func servable(_ model: InstalledModel, _ name: String, _ message: String) -> DoctorCheck {
        do throws(ModelError) {
            _ = try ServableModel(path: model.url.path)
            return .ok(name, message)
        } catch {
            let advice = "leave it alone or remove it; 'cascade up' serves other models"
            return .warning(name, "\(message); cannot be served: \(error)", advice: advice)
        }
    }
}

/// The coordinator's endpoint.
enum EndpointChecks {
    private static let name = "endpoint"

    /// Looks whether a coordinator answers there, something else does, or nobody.
    static func check(_ options: EndpointOptions) async -> DoctorCheck {
        let endpoint: Endpoint
        do throws(TransportError) {
            endpoint = try Endpoint(parsing: options.endpoint, for: .connect)
        } catch {
            return .problem(name, "\(error)", advice: "name another with --endpoint or CASCADE_ENDPOINT")
        }
        let occupancy = endpoint.probe(milliseconds: 2_000)
        guard occupancy == .taken else {
            return unanswered(options.endpoint, occupancy, isLoopback: endpoint.isLoopback)
        }
        do {
            return .ok(name, "\(options.endpoint): " + describe(try await status(options)))
        } catch  where error.code == 4 {
            return .problem(
                name,
                error.message,
                advice: "name a key that the coordinator knows with --key (CASCADE_KEY)"
            )
        } catch {
            return .problem(
                name,
                "what listens at \(options.endpoint) is not a coordinator of this version: \(error.message)",
                advice: "end it, or name another port with --endpoint (CASCADE_ENDPOINT)"
            )
        }
    }

    /// What it means that nobody listens.
    static func unanswered(_ endpoint: String, _ occupancy: Endpoint.Occupancy, isLoopback: Bool) -> DoctorCheck {
        switch occupancy {
        case .unreachable(let reason):
            .problem(
                name,
                "\(endpoint) cannot be reached: \(reason)",
                advice: "name the coordinator's endpoint with --endpoint, and see "
                    + (isLoopback ? "who may open this one ('ls -ld')" : "whether a firewall is in between")
            )
        case .free, .taken:
            isLoopback
                ? .ok(name, "\(endpoint) is free: no coordinator runs there yet; 'cascade up' starts a cluster")
                : .warning(
                    name,
                    "no coordinator listens at \(endpoint)",
                    advice: "start one there with 'cascade coordinator --listen …', or name another with --endpoint"
                )
        }
    }

    private static func status(_ options: EndpointOptions) async throws(CommandFailure) -> ClusterStatus {
        do {
            return try await options.withClient(patience: 3) { client in
                let request = StatusRequest(requestID: UInt64.random(in: 1...UInt64.max))
                return try await client.request(.statusRequest(request), seconds: 3) { message in
                    if case .clusterStatus(let status) = message { status } else { nil }
                }
            }
        } catch let error as CommandFailure {
            throw error
        } catch {
            throw .failed("\(error)")
        }
    }

    private static func describe(_ status: ClusterStatus) -> String {
        "coordinator \(status.software), \(status.readyNodes)"
    }
}
