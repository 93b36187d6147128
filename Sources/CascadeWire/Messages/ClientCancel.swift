internal import CCascadeProto
internal import CascadeCore

// The messages of client.proto that end jobs, and which jobs a request is about.

extension Cancel: WireConvertible {
    init(decoding proto: Cascade__V1__Cancel, from reader: FieldReader) throws(WireError) {
        self.init(
            requestID: try reader.value(proto.has_request_id, proto.request_id, "request_id"),
            job: JobID(rawValue: try reader.value(proto.has_job, proto.job, "job"))
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__Cancel {
        var proto = Cascade__V1__Cancel()
        cascade__v1__cancel__init(&proto)
        put(&proto.has_request_id, &proto.request_id, requestID)
        put(&proto.has_job, &proto.job, job.rawValue)
        return proto
    }
}

extension CancelJobs: WireConvertible {
    init(decoding proto: Cascade__V1__CancelJobs, from reader: FieldReader) throws(WireError) {
        let jobs = try reader.jobs(proto.n_jobs, proto.jobs, "jobs")
        let isAll = proto.has_all != 0 && proto.all != 0
        let scope = try reader.scope(mine: proto.has_mine != 0 && proto.mine != 0, proto.has_owner, proto.owner)
        guard isAll ? jobs.isEmpty : !jobs.isEmpty && scope == .all else {
            throw reader.invalid("jobs", expected: "jobs alone, or all", actual: "\(jobs.count) jobs, all: \(isAll)")
        }
        self.init(
            requestID: try reader.value(proto.has_request_id, proto.request_id, "request_id"),
            selection: isAll ? .scope(scope) : .jobs(jobs),
            onBehalfOf: try reader.nameIfAny(proto.has_on_behalf_of, proto.on_behalf_of, "on_behalf_of")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__CancelJobs {
        var proto = Cascade__V1__CancelJobs()
        cascade__v1__cancel_jobs__init(&proto)
        put(&proto.has_request_id, &proto.request_id, requestID)
        switch selection {
        case .jobs(let jobs): (proto.n_jobs, proto.jobs) = writer.array(jobs.map(\.rawValue))
        case .scope(let scope):
            put(&proto.has_all, &proto.all, true)
            if scope == .mine { put(&proto.has_mine, &proto.mine, true) }
            put(&proto.has_owner, &proto.owner, scope.ownerName.map(writer.text))
        }
        put(&proto.has_on_behalf_of, &proto.on_behalf_of, onBehalfOf.map(writer.text))
        return proto
    }
}

extension JobsCancelled: WireConvertible {
    init(decoding proto: Cascade__V1__JobsCancelled, from reader: FieldReader) throws(WireError) {
        self.init(
            requestID: try reader.value(proto.has_request_id, proto.request_id, "request_id"),
            cancelled: try reader.jobs(proto.n_cancelled, proto.cancelled, "cancelled"),
            ended: try reader.jobs(proto.n_ended, proto.ended, "ended"),
            unknown: try reader.jobs(proto.n_unknown, proto.unknown, "unknown"),
            remaining: proto.has_remaining == 0
                ? 0 : try reader.count(proto.has_remaining, proto.remaining, "remaining")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__JobsCancelled {
        var proto = Cascade__V1__JobsCancelled()
        cascade__v1__jobs_cancelled__init(&proto)
        put(&proto.has_request_id, &proto.request_id, requestID)
        (proto.n_cancelled, proto.cancelled) = writer.array(cancelled.map(\.rawValue))
        (proto.n_ended, proto.ended) = writer.array(ended.map(\.rawValue))
        (proto.n_unknown, proto.unknown) = writer.array(unknown.map(\.rawValue))
        if remaining > 0 { put(&proto.has_remaining, &proto.remaining, remaining) }
        return proto
    }
}

extension FieldReader {
    /// A list of jobs.
    fileprivate func jobs(
        _ count: Int,
        _ values: UnsafeMutablePointer<UInt64>?,
        _ field: String
    ) throws(WireError) -> [JobID] {
        try list(count, values, field, limit: CancelJobs.mostJobs).map(JobID.init)
    }

    /// Which jobs a request is about.
    func scope(mine: Bool, _ hasOwner: protobuf_c_boolean, _ owner: ProtobufCBinaryData) throws(WireError) -> JobScope {
        if hasOwner == 0 { return mine ? .mine : .all }
        let name = try name(hasOwner, owner, "owner")
        guard !mine else { throw invalid("owner", expected: "none beside mine", actual: name) }
        return .owner(name)
    }
}

extension JobScope {
    /// The owner that is named, where one is.
    var ownerName: String? {
        if case .owner(let name) = self { name } else { nil }
    }
}
