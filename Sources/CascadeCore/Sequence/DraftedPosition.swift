/// One drafted position: the token, the row it was sampled from and what the rule's gate reads of the drafter.
package struct DraftedPosition: Equatable, Sendable {
    /// The drafted token; in the support of ``row``.
    package var token: Token
    /// The very row that the token was sampled from: q.
    package var row: Distribution
    /// What the rule's gate reads of the drafter.
    package var gate: DraftGate

    /// Creates a drafted position.
    package init(token: Token, row: Distribution, gate: DraftGate) {
        self.token = token
        self.row = row
        self.gate = gate
    }
}
