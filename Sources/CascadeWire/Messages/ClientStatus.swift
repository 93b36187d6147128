internal import CCascadeProto
internal import CascadeCore

// The messages of client.proto about jobs, nodes and the cluster.

extension NodeState: WireEnum {}

extension StatusRequest: WireConvertible {
    init(decoding proto: Cascade__V1__StatusRequest, from reader: FieldReader) throws(WireError) {
        self.init(
            requestID: try reader.value(proto.has_request_id, proto.request_id, "request_id"),
            job: proto.has_job == 0 ? nil : JobID(rawValue: proto.job),
            onBehalfOf: try reader.nameIfAny(proto.has_on_behalf_of, proto.on_behalf_of, "on_behalf_of")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__StatusRequest {
        var proto = Cascade__V1__StatusRequest()
        cascade__v1__status_request__init(&proto)
        put(&proto.has_request_id, &proto.request_id, requestID)
        put(&proto.has_job, &proto.job, job?.rawValue)
        put(&proto.has_on_behalf_of, &proto.on_behalf_of, onBehalfOf.map(writer.text))
        return proto
    }
}

extension JobsRequest: WireConvertible {
    init(decoding proto: Cascade__V1__JobsRequest, from reader: FieldReader) throws(WireError) {
        self.init(
            requestID: try reader.value(proto.has_request_id, proto.request_id, "request_id"),
            limit: try reader.count(proto.has_limit, proto.limit, "limit"),
            scope: try reader.scope(mine: proto.has_mine != 0 && proto.mine != 0, proto.has_owner, proto.owner),
            onBehalfOf: try reader.nameIfAny(proto.has_on_behalf_of, proto.on_behalf_of, "on_behalf_of")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__JobsRequest {
        var proto = Cascade__V1__JobsRequest()
        cascade__v1__jobs_request__init(&proto)
        put(&proto.has_request_id, &proto.request_id, requestID)
        put(&proto.has_limit, &proto.limit, limit)
        if scope == .mine { put(&proto.has_mine, &proto.mine, true) }
        put(&proto.has_owner, &proto.owner, scope.ownerName.map(writer.text))
        put(&proto.has_on_behalf_of, &proto.on_behalf_of, onBehalfOf.map(writer.text))
        return proto
    }
}

extension NodesRequest: WireConvertible {
    init(decoding proto: Cascade__V1__NodesRequest, from reader: FieldReader) throws(WireError) {
        self.init(requestID: try reader.value(proto.has_request_id, proto.request_id, "request_id"))
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__NodesRequest {
        var proto = Cascade__V1__NodesRequest()
        cascade__v1__nodes_request__init(&proto)
        put(&proto.has_request_id, &proto.request_id, requestID)
        return proto
    }
}

extension DrainNode: WireConvertible {
    init(decoding proto: Cascade__V1__DrainNode, from reader: FieldReader) throws(WireError) {
        self.init(
            requestID: try reader.value(proto.has_request_id, proto.request_id, "request_id"),
            name: try reader.name(proto.has_name, proto.name, "name")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__DrainNode {
        var proto = Cascade__V1__DrainNode()
        cascade__v1__drain_node__init(&proto)
        put(&proto.has_request_id, &proto.request_id, requestID)
        put(&proto.has_name, &proto.name, writer.text(name))
        return proto
    }
}

extension MessageTraffic: WireConvertible {
    init(decoding proto: Cascade__V1__MessageTraffic, from reader: FieldReader) throws(WireError) {
        self.init(
            message: try reader.name(proto.has_message, proto.message, "message"),
            sentMessages: try reader.counter(proto.has_sent_messages, proto.sent_messages, "sent_messages"),
            sentBytes: try reader.counter(proto.has_sent_bytes, proto.sent_bytes, "sent_bytes"),
            receivedMessages: try reader.counter(
                proto.has_received_messages,
                proto.received_messages,
                "received_messages"
            ),
            receivedBytes: try reader.counter(proto.has_received_bytes, proto.received_bytes, "received_bytes")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__MessageTraffic {
        var proto = Cascade__V1__MessageTraffic()
        cascade__v1__message_traffic__init(&proto)
        put(&proto.has_message, &proto.message, writer.text(message))
        put(&proto.has_sent_messages, &proto.sent_messages, sentMessages)
        put(&proto.has_sent_bytes, &proto.sent_bytes, sentBytes)
        put(&proto.has_received_messages, &proto.received_messages, receivedMessages)
        put(&proto.has_received_bytes, &proto.received_bytes, receivedBytes)
        return proto
    }
}

extension JobSummary: WireConvertible {
    init(decoding proto: Cascade__V1__JobSummary, from reader: FieldReader) throws(WireError) {
        self.init(
            job: JobID(rawValue: try reader.value(proto.has_job, proto.job, "job")),
            state: try reader.enumeration(proto.has_state, proto.state, "state"),
            reason: proto.has_reason == 0 ? nil : try reader.enumeration(proto.reason, "reason"),
            note: try reader.note(proto.has_note, proto.note, "note"),
            pool: try reader.name(proto.has_pool, proto.pool, "pool"),
            promptTokens: try reader.count(proto.has_prompt_tokens, proto.prompt_tokens, "prompt_tokens"),
            completionTokens: try reader.count(
                proto.has_completion_tokens,
                proto.completion_tokens,
                "completion_tokens"
            ),
            ageMilliseconds: try reader.duration(
                proto.has_age_milliseconds,
                proto.age_milliseconds,
                "age_milliseconds"
            ),
            promptBeginning: proto.has_prompt_beginning == 0
                ? "" : try reader.name(proto.has_prompt_beginning, proto.prompt_beginning, "prompt_beginning"),
            owner: try reader.nameOrEmpty(proto.has_owner, proto.owner, "owner")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__JobSummary {
        var proto = Cascade__V1__JobSummary()
        cascade__v1__job_summary__init(&proto)
        put(&proto.has_job, &proto.job, job.rawValue)
        put(&proto.has_state, &proto.state, state)
        put(&proto.has_reason, &proto.reason, reason)
        put(&proto.has_note, &proto.note, writer.text(note))
        put(&proto.has_pool, &proto.pool, writer.text(pool))
        put(&proto.has_prompt_tokens, &proto.prompt_tokens, promptTokens)
        put(&proto.has_completion_tokens, &proto.completion_tokens, completionTokens)
        put(&proto.has_age_milliseconds, &proto.age_milliseconds, ageMilliseconds)
        put(&proto.has_prompt_beginning, &proto.prompt_beginning, writer.text(promptBeginning))
        if !owner.isEmpty { put(&proto.has_owner, &proto.owner, writer.text(owner)) }
        return proto
    }
}

extension JobList: WireConvertible {
    init(decoding proto: Cascade__V1__JobList, from reader: FieldReader) throws(WireError) {
        self.init(
            requestID: try reader.value(proto.has_request_id, proto.request_id, "request_id"),
            jobs: try reader.messages(proto.n_jobs, proto.jobs, "jobs")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__JobList {
        var proto = Cascade__V1__JobList()
        cascade__v1__job_list__init(&proto)
        put(&proto.has_request_id, &proto.request_id, requestID)
        (proto.n_jobs, proto.jobs) = writer.messages(jobs)
        return proto
    }
}

extension NodeSummary.Rest: WireConvertible {
    init(decoding proto: Cascade__V1__NodeRest, from reader: FieldReader) throws(WireError) {
        self.init(
            milliseconds: try reader.duration(proto.has_milliseconds, proto.milliseconds, "milliseconds"),
            reason: try reader.note(proto.has_reason, proto.reason, "reason")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__NodeRest {
        var proto = Cascade__V1__NodeRest()
        cascade__v1__node_rest__init(&proto)
        put(&proto.has_milliseconds, &proto.milliseconds, milliseconds)
        put(&proto.has_reason, &proto.reason, writer.text(reason))
        return proto
    }
}

extension NodeSummary.Share: WireConvertible {
    init(decoding proto: Cascade__V1__NodeShare, from reader: FieldReader) throws(WireError) {
        self.init(
            owner: try reader.name(proto.has_owner, proto.owner, "owner"),
            sequences: try reader.count(proto.has_sequences, proto.sequences, "sequences"),
            tokens: try reader.count(proto.has_tokens, proto.tokens, "tokens")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__NodeShare {
        var proto = Cascade__V1__NodeShare()
        cascade__v1__node_share__init(&proto)
        put(&proto.has_owner, &proto.owner, writer.text(owner))
        put(&proto.has_sequences, &proto.sequences, sequences)
        put(&proto.has_tokens, &proto.tokens, tokens)
        return proto
    }
}

extension NodeSummary: WireConvertible {
    init(decoding proto: Cascade__V1__NodeSummary, from reader: FieldReader) throws(WireError) {
        let costs: CostCurve = try reader.message(proto.costs, "costs")
        self.init(
            identity: try reader.message(proto.identity, "identity"),
            role: try reader.enumeration(proto.has_role, proto.role, "role"),
            pool: try reader.name(proto.has_pool, proto.pool, "pool"),
            modelName: try reader.name(proto.has_model_name, proto.model_name, "model_name"),
            state: try reader.enumeration(proto.has_state, proto.state, "state"),
            inFlight: try reader.count(proto.has_in_flight, proto.in_flight, "in_flight"),
            credits: try reader.count(proto.has_credits, proto.credits, "credits"),
            progress: try reader.message(proto.progress, "progress"),
            kvTokens: try reader.count(proto.has_kv_tokens, proto.kv_tokens, "kv_tokens"),
            contextLength: try reader.count(proto.has_context_length, proto.context_length, "context_length"),
            costs: costs.points,
            software: try reader.name(proto.has_software, proto.software, "software"),
            silentMilliseconds: try reader.duration(
                proto.has_silent_milliseconds,
                proto.silent_milliseconds,
                "silent_milliseconds"
            ),
            busyFraction: proto.has_busy_fraction == 0
                ? nil : try reader.number(1, proto.busy_fraction, "busy_fraction", in: Self.cores),
            cpuFraction: proto.has_cpu_fraction == 0
                ? nil : try reader.number(1, proto.cpu_fraction, "cpu_fraction", in: Self.cores),
            host: proto.has_host == 0 ? "" : try reader.name(1, proto.host, "host"),
            isSynthetic: proto.has_is_synthetic != 0 && proto.is_synthetic != 0,
            rest: try reader.optionalMessage(proto.rest, "rest"),
            shares: try reader.messages(proto.n_shares, proto.shares, "shares")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__NodeSummary {
        var proto = Cascade__V1__NodeSummary()
        cascade__v1__node_summary__init(&proto)
        proto.identity = writer.message(identity)
        put(&proto.has_role, &proto.role, role)
        put(&proto.has_pool, &proto.pool, writer.text(pool))
        put(&proto.has_model_name, &proto.model_name, writer.text(modelName))
        put(&proto.has_state, &proto.state, state)
        put(&proto.has_in_flight, &proto.in_flight, inFlight)
        put(&proto.has_credits, &proto.credits, credits)
        proto.progress = writer.message(progress)
        put(&proto.has_kv_tokens, &proto.kv_tokens, kvTokens)
        put(&proto.has_context_length, &proto.context_length, contextLength)
        proto.costs = writer.message(CostCurve(points: costs))
        put(&proto.has_software, &proto.software, writer.text(software))
        put(&proto.has_silent_milliseconds, &proto.silent_milliseconds, silentMilliseconds)
        put(&proto.has_busy_fraction, &proto.busy_fraction, busyFraction)
        put(&proto.has_cpu_fraction, &proto.cpu_fraction, cpuFraction)
        if !host.isEmpty { put(&proto.has_host, &proto.host, writer.text(host)) }
        if isSynthetic { put(&proto.has_is_synthetic, &proto.is_synthetic, true) }
        if let rest { proto.rest = writer.message(rest) }
        (proto.n_shares, proto.shares) = writer.messages(shares)
        return proto
    }

    /// How many cores' time a process may claim to use.
    private static let cores = 0.0...4_096.0
}

extension NodeList: WireConvertible {
    init(decoding proto: Cascade__V1__NodeList, from reader: FieldReader) throws(WireError) {
        self.init(
            requestID: try reader.value(proto.has_request_id, proto.request_id, "request_id"),
            nodes: try reader.messages(proto.n_nodes, proto.nodes, "nodes")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__NodeList {
        var proto = Cascade__V1__NodeList()
        cascade__v1__node_list__init(&proto)
        put(&proto.has_request_id, &proto.request_id, requestID)
        (proto.n_nodes, proto.nodes) = writer.messages(nodes)
        return proto
    }
}

extension ClusterStatus.Stall: WireConvertible {
    init(decoding proto: Cascade__V1__Stall, from reader: FieldReader) throws(WireError) {
        self.init(
            milliseconds: try reader.duration(proto.has_milliseconds, proto.milliseconds, "milliseconds"),
            note: try reader.note(proto.has_note, proto.note, "note")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__Stall {
        var proto = Cascade__V1__Stall()
        cascade__v1__stall__init(&proto)
        put(&proto.has_milliseconds, &proto.milliseconds, milliseconds)
        put(&proto.has_note, &proto.note, writer.text(note))
        return proto
    }
}

extension ClusterStatus.RuleCounts: WireConvertible {
    init(decoding proto: Cascade__V1__RuleCounts, from reader: FieldReader) throws(WireError) {
        self.init(
            rule: try reader.enumeration(proto.has_rule, proto.rule, "rule"),
            counts: try reader.message(proto.counts, "counts")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__RuleCounts {
        var proto = Cascade__V1__RuleCounts()
        cascade__v1__rule_counts__init(&proto)
        put(&proto.has_rule, &proto.rule, rule)
        proto.counts = writer.message(counts)
        return proto
    }
}

extension ClusterStatus.EndedJobs: WireConvertible {
    init(decoding proto: Cascade__V1__EndedJobs, from reader: FieldReader) throws(WireError) {
        self.init(
            reason: try reader.enumeration(proto.has_reason, proto.reason, "reason"),
            jobs: try reader.counter(proto.has_jobs, proto.jobs, "jobs")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__EndedJobs {
        var proto = Cascade__V1__EndedJobs()
        cascade__v1__ended_jobs__init(&proto)
        put(&proto.has_reason, &proto.reason, reason)
        put(&proto.has_jobs, &proto.jobs, jobs)
        return proto
    }
}

extension ClusterStatus: WireConvertible {
    init(decoding proto: Cascade__V1__ClusterStatus, from reader: FieldReader) throws(WireError) {
        self.init(
            requestID: try reader.value(proto.has_request_id, proto.request_id, "request_id"),
            boot: try reader.value(proto.has_boot, proto.boot, "boot"),
            software: try reader.name(proto.has_software, proto.software, "software"),
            uptimeMilliseconds: try reader.duration(
                proto.has_uptime_milliseconds,
                proto.uptime_milliseconds,
                "uptime_milliseconds"
            ),
            queuedJobs: try reader.count(proto.has_queued_jobs, proto.queued_jobs, "queued_jobs"),
            runningJobs: try reader.count(proto.has_running_jobs, proto.running_jobs, "running_jobs"),
            finishedJobs: try reader.counter(proto.has_finished_jobs, proto.finished_jobs, "finished_jobs"),
            drafters: try reader.count(proto.has_drafters, proto.drafters, "drafters"),
            experts: try reader.count(proto.has_experts, proto.experts, "experts"),
            staleMessages: try reader.counter(proto.has_stale_messages, proto.stale_messages, "stale_messages"),
            counts: try reader.message(proto.counts, "counts"),
            traffic: try reader.messages(proto.n_traffic, proto.traffic, "traffic"),
            cpuMilliseconds: proto.has_cpu_milliseconds == 0
                ? nil : try reader.duration(1, proto.cpu_milliseconds, "cpu_milliseconds"),
            stall: try reader.optionalMessage(proto.stall, "stall"),
            owners: try reader.messages(proto.n_owners, proto.owners, "owners"),
            preemptions: proto.has_preemptions == 0 ? 0 : try reader.counter(1, proto.preemptions, "preemptions"),
            suspectedJobs: proto.has_suspected_jobs == 0
                ? 0 : try reader.count(1, proto.suspected_jobs, "suspected_jobs"),
            setAsideJobs: proto.has_set_aside_jobs == 0
                ? 0 : try reader.count(1, proto.set_aside_jobs, "set_aside_jobs"),
            defaultRule: try reader.optionalMessage(proto.default_rule, "default_rule"),
            rules: try reader.messages(proto.n_rules, proto.rules, "rules"),
            promptTokens: proto.has_prompt_tokens == 0
                ? 0 : try reader.counter(1, proto.prompt_tokens, "prompt_tokens"),
            endedJobs: try reader.messages(proto.n_ended_jobs, proto.ended_jobs, "ended_jobs")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__ClusterStatus {
        var proto = Cascade__V1__ClusterStatus()
        cascade__v1__cluster_status__init(&proto)
        put(&proto.has_request_id, &proto.request_id, requestID)
        put(&proto.has_boot, &proto.boot, boot)
        put(&proto.has_software, &proto.software, writer.text(software))
        put(&proto.has_uptime_milliseconds, &proto.uptime_milliseconds, uptimeMilliseconds)
        put(&proto.has_queued_jobs, &proto.queued_jobs, queuedJobs)
        put(&proto.has_running_jobs, &proto.running_jobs, runningJobs)
        put(&proto.has_finished_jobs, &proto.finished_jobs, finishedJobs)
        put(&proto.has_drafters, &proto.drafters, drafters)
        put(&proto.has_experts, &proto.experts, experts)
        put(&proto.has_stale_messages, &proto.stale_messages, staleMessages)
        proto.counts = writer.message(counts)
        (proto.n_traffic, proto.traffic) = writer.messages(traffic)
        put(&proto.has_cpu_milliseconds, &proto.cpu_milliseconds, cpuMilliseconds)
        if let stall { proto.stall = writer.message(stall) }
        (proto.n_owners, proto.owners) = writer.messages(owners)
        if preemptions > 0 { put(&proto.has_preemptions, &proto.preemptions, preemptions) }
        if suspectedJobs > 0 { put(&proto.has_suspected_jobs, &proto.suspected_jobs, suspectedJobs) }
        if setAsideJobs > 0 { put(&proto.has_set_aside_jobs, &proto.set_aside_jobs, setAsideJobs) }
        if let defaultRule { proto.default_rule = writer.message(defaultRule) }
        (proto.n_rules, proto.rules) = writer.messages(rules)
        if promptTokens > 0 { put(&proto.has_prompt_tokens, &proto.prompt_tokens, promptTokens) }
        (proto.n_ended_jobs, proto.ended_jobs) = writer.messages(endedJobs)
        return proto
    }
}
