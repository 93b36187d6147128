import CascadeCore
import CascadeTestSupport
import Testing

/// Expects that an enumerated law is what the rule's definition says, and that something was there to say it of.
func expectAnswerLaw(
    _ exact: ExactLaw,
    _ setting: ToySetting,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let comment = Comment(rawValue: setting.testDescription)
    func expect(_ isTrue: Bool, _ words: String) {
        #expect(isTrue, "\(comment): \(words)", sourceLocation: sourceLocation)
    }
    if let problem = exact.problem { expect(false, problem) }
    let total = exact.law.values.reduce(0, +)
    expect(abs(total - 1) < 1e-12, "probabilities add up to \(total)")
    let reference = AnswerLaw(setting, lengths: exact.lengths)
    expect(reference.lost < 1e-12, "\(reference.lost) of the law never happened")
    let error = distance(exact.law, reference.law)
    expect(error < 1e-12, "the law is off by \(error)")
    if setting.rule.rule == .lossless {
        expect(distance(exact.law, AnswerLaw.chained(setting, \.p)) < 1e-12, "not the expert's law")
    }
    if setting.rule.bonus == .rule, setting.rule.verifyMethod != .coupled, exact.counts.unruledPositions == 0 {
        expect(distance(exact.law, AnswerLaw.chained(setting, \.pi)) < 1e-12, "not the rule's law")
    }
    if case .fixed(let length) = setting.draftLength {
        expect(exact.lengths.values.max() == Int(length), "no draft was as long as it may be")
        if length == 0 { return }
    }
    expect(exact.counts.drafted > 0, "nothing was drafted")
    expect(exact.counts.accepted > 0, "nothing was accepted")
    expect(exact.counts.recovered > 0, "nothing was rejected")
    expect(exact.acceptedEnds > 0, "no end token was accepted inside a draft")
    expect(exact.draftsWithEnd > exact.acceptedEnds, "no end token was rejected or discarded inside a draft")
}

/// Expects that faults change no law: what is computed again is the same.
func expectFaultsChangeNothing(
    _ setting: ToySetting,
    _ fault: ToyFault,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    var faulty = setting
    faulty.fault = fault
    let (quiet, exact) = (ExactLaw(setting), ExactLaw(faulty))
    let comment = Comment(rawValue: setting.testDescription)
    #expect(exact.problem == nil && exact.faults > 0, comment, sourceLocation: sourceLocation)
    #expect(distance(exact.law, quiet.law) < 1e-12, comment, sourceLocation: sourceLocation)
}
