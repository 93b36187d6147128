extension MetricsText {
    /// Writes what a cluster has counted. Names behind the prefix are vLLM's where it has them.
    mutating func write(_ cluster: ClusterMetrics) {
        writeSpeculation(cluster)
        let rules: [(String, String, KeyPath<ClusterMetrics.RuleCounts, UInt64>)] = [
            ("cascade_kept_tokens_total", "Drafted tokens that the rule let stand without a coin.", \.kept),
            ("cascade_deferred_positions_total", "Positions where the rule deferred to the expert.", \.deferred),
            (
                "cascade_relaxed_tokens_total",
                "Accepted tokens that the expert's own distribution would have rejected.", \.relaxed
            ),
        ]
        for (name, help, path) in rules {
            write(name, .counter, help, cluster.rules.map { ([("rule", $0.rule)], Double($0[keyPath: path])) })
        }
        write(
            "cascade_prompt_tokens_total",
            .counter,
            "Tokens of prompts that were read.",
            Double(cluster.promptTokens)
        )
        write("cascade_generation_tokens_total", .counter, "Tokens of answers.", Double(cluster.generatedTokens))
        write(
            "cascade_jobs",
            .gauge,
            "Jobs that have not ended, by state.",
            [
                ([("state", "queued")], Double(cluster.queuedJobs)),
                ([("state", "running")], Double(cluster.runningJobs)),
            ]
        )
        write("cascade_queue_depth", .gauge, "Jobs that wait for room.", Double(cluster.queuedJobs))
        write(
            "cascade_num_preemptions_total",
            .counter,
            "Times that a sequence gave its place in a full cache up, to be read again later.",
            Double(cluster.preemptions)
        )
        write(
            "cascade_jobs_ended_total",
            .counter,
            "Jobs that have ended, by ending.",
            cluster.endedJobs.map { ([("reason", $0.reason)], Double($0.count)) }
        )
        writeNodes(cluster.roles)
    }

    private mutating func writeSpeculation(_ cluster: ClusterMetrics) {
        write("cascade_spec_decode_num_drafts_total", .counter, "Rounds with a draft.", Double(cluster.drafts))
        write(
            "cascade_spec_decode_num_draft_tokens_total",
            .counter,
            "Tokens that were drafted.",
            Double(cluster.draftTokens)
        )
        write(
            "cascade_spec_decode_num_accepted_tokens_total",
            .counter,
            "Drafted tokens that were committed.",
            Double(cluster.acceptedTokens)
        )
        // Position i was accepted in all rounds that accepted more than i tokens.
        var rounds: UInt64 = 0
        var positions: [(labels: [Label], value: Double)] = []
        for position in cluster.acceptanceHistogram.indices.dropFirst().reversed() {
            rounds += cluster.acceptanceHistogram[position]
            positions.append(([("position", "\(position - 1)")], Double(rounds)))
        }
        write(
            "cascade_spec_decode_num_accepted_tokens_per_pos_total",
            .counter,
            "Drafted tokens that were committed, by their position in the draft.",
            positions.reversed()
        )
    }

    private mutating func writeNodes(_ roles: [ClusterMetrics.RoleState]) {
        write(
            "cascade_nodes_up",
            .gauge,
            "Nodes that are connected and answer, by role.",
            roles.map { ([("role", $0.role)], Double($0.nodesUp)) }
        )
        write(
            "cascade_node_busy_seconds_total",
            .counter,
            "Seconds in which nodes computed, by role.",
            roles.map { ([("role", $0.role)], $0.busySeconds) }
        )
        write(
            "cascade_kv_cache_usage_ratio",
            .gauge,
            "Share of the key-value caches that is in use, by role.",
            roles.compactMap { role in role.cacheUse.map { ([("role", role.role)], $0) } }
        )
    }
}
