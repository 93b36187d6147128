import CascadeConstraint
import CascadeCore
import CascadeWorker

/// A ``ToyLanguage`` as production's worker drives a model; its passes take virtual time.
struct ToyModel: TokenModel, Sendable {
    var caches: TokenCaches
    let role: NodeRole
    let language: ToyLanguage
    /// What its passes cost; nil takes the usual.
    let costs: PassCosts?
    /// How many times longer than its costs say its passes take.
    var slowness = 1.0
    /// Milliseconds of the last pass.
    private(set) var lastMilliseconds = 0.0
    /// The prefixes whose rows an expert's last pass read for its requests: one for each that was finished.
    private(set) var judged: [Hash128] = []

    init(_ role: NodeRole, _ language: ToyLanguage, costs: [CostPoint], capacity: Int) {
        caches = TokenCaches(capacity: capacity)
        self.role = role
        self.language = language
        self.costs = PassCosts(costs)
    }

    mutating func forward(_ batch: [BatchEntry]) throws(ForwardError) -> Double {
        try caches.append(batch)
        let rows = batch.reduce(0) { $0 + $1.tokens.count }
        lastMilliseconds = slowness * (costs?.milliseconds(rows: rows) ?? (role == .expert ? 20 : 3))
        judged = batch.indices.filter { batch[$0].outputs > 0 }.map { caches.prefix(ofRow: 0, entry: $0).hash }
        return lastMilliseconds
    }

    func constraintVocabulary() -> ConstraintVocabulary? { ConstraintVocabulary(ToyLanguage.vocabulary) }

    func row(_ row: Int, of entry: Int) -> DistributionRow {
        let (hash, last) = caches.prefix(ofRow: row, entry: entry)
        let raw = role == .expert ? language.expertRow(hash, last: last) : language.drafterRow(hash, last: last)
        return DistributionRow(raw: raw)
    }
}
