internal import Synchronization

/// What each key has taken of its limits. A minute's worth can be taken at once and comes back evenly.
final class OwnerMeter: Sendable {
    /// What one admitted call holds.
    final class Lease: Sendable {
        private let meter: OwnerMeter
        private let digest: [UInt8]
        private let jobs: Int
        private let isOpen = Mutex(true)

        fileprivate init(meter: OwnerMeter, digest: [UInt8], jobs: Int) {
            (self.meter, self.digest, self.jobs) = (meter, digest, jobs)
        }

        deinit { end(tokens: 0) }

        /// Gives the jobs back and charges what they took; only the first call counts.
        func end(tokens: Int) {
            let wasOpen = isOpen.withLock { isOpen in
                defer { isOpen = false }
                return isOpen
            }
            if wasOpen { meter.release(digest, jobs: jobs, tokens: tokens) }
        }
    }

    private struct Account {
        var requests: Double
        var tokens: Double
        var jobs = 0
        var filled: ContinuousClock.Instant
    }

    private let accounts = Mutex<[[UInt8]: Account]>([:])

    /// Takes a request and its jobs from the key's account, or says what it lacks.
    func admit(
        _ entry: APIKeyList.Entry,
        jobs: Int,
        at now: ContinuousClock.Instant = .now
    ) throws(GatewayError) -> Lease {
        let refusal: GatewayError? = accounts.withLock { accounts in
            let limits = entry.limits
            var account = Self.filled(accounts[entry.digest], limits, at: now)
            defer { accounts[entry.digest] = account }
            if let most = limits.jobs {
                if jobs > most {
                    return .parameter("n", "\(jobs) answers at a time are more than this key's \(most)")
                }
                if account.jobs + jobs > most {
                    return .limit("This key has \(account.jobs) of its \(most) jobs at work.", retryAfter: 1)
                }
            }
            if let perMinute = limits.tokensPerMinute, account.tokens < 1 {
                let seconds = (1 - account.tokens) * 60 / Double(perMinute)
                return .limit("This key has used its \(perMinute) tokens a minute.", retryAfter: Self.whole(seconds))
            }
            if let perMinute = limits.requestsPerMinute {
                guard account.requests >= 1 else {
                    let seconds = (1 - account.requests) * 60 / Double(perMinute)
                    return .limit(
                        "This key has used its \(perMinute) requests a minute.",
                        retryAfter: Self.whole(seconds)
                    )
                }
                account.requests -= 1
            }
            account.jobs += jobs
            return nil
        }
        if let refusal { throw refusal }
        return Lease(meter: self, digest: entry.digest, jobs: jobs)
    }

    private static func whole(_ seconds: Double) -> Int { Int(min(seconds, 86_400).rounded(.up)) }

    private static func filled(
        _ account: Account?,
        _ limits: KeyLimits,
        at now: ContinuousClock.Instant
    ) -> Account {
        let requests = Double(limits.requestsPerMinute ?? 0)
        let tokens = Double(limits.tokensPerMinute ?? 0)
        guard var account else { return Account(requests: requests, tokens: tokens, filled: now) }
        let minutes = max((now - account.filled).seconds, 0) / 60
        account.requests = min(account.requests + requests * minutes, requests)
        account.tokens = min(account.tokens + tokens * minutes, tokens)
        account.filled = now
        return account
    }

    private func release(_ digest: [UInt8], jobs: Int, tokens: Int) {
        accounts.withLock { accounts in
            accounts[digest]?.jobs -= jobs
            accounts[digest]?.tokens -= Double(tokens)
        }
    }

    /// Forgets the accounts of keys that are gone and have nothing at work.
    func keep(only list: APIKeyList) {
        let known = Set(list.entries.map(\.digest))
        accounts.withLock { accounts in
            accounts = accounts.filter { known.contains($0.key) || $0.value.jobs > 0 }
        }
    }
}
