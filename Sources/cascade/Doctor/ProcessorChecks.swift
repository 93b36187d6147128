internal import CascadeCore
internal import CascadeHost
internal import CascadeModel
internal import CascadeNode
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
