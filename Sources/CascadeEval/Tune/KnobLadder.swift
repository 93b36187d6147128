package import CascadeCore

extension RuleSettings.Rule {
    /// Values of the knob worth a try, the strictest first; empty for a rule without one.
    package var knobLadder: [Double] {
        switch self {
        case .lossless: []
        case .lossy: [0.1, 0.2, 0.3, 0.5, 0.7, 0.9]
        case .chow, .tokenCascade: [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7]
        case .sequentialChow: [0.02, 0.05, 0.1, 0.15, 0.2, 0.3]
        case .diff: [-0.2, -0.1, -0.05, 0, 0.1, 0.2, 0.4]
        case .opt: [-0.5, -0.2, -0.1, 0, 0.2, 0.5, 1]
        case .tokenV1, .tokenV2: [0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9]
        case .tokenV3, .tokenLT: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
        case .chowLog: [0.1, 0.25, 0.5, 0.75, 1, 1.5]
        case .diffLog: [-0.5, -0.2, -0.1, 0, 0.1, 0.3, 0.6]
        case .optLog: [-1, -0.5, -0.2, 0, 0.5, 1]
        case .bild: [0.2, 0.5, 1, 1.5, 2, 3]
        case .typical: [0.5, 0.3, 0.2, 0.09, 0.05, 0.02]
        case .topkDelta: [0.1, 0.2, 0.4, 0.6, 0.8]
        case .ensemble: [0.95, 0.9, 0.8, 0.6, 0.4, 0.2]
        }
    }
}
