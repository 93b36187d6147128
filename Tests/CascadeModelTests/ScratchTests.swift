import CascadeCore
import CascadeModel
import CascadeTestSupport
import Foundation
import Testing
struct ScratchTests {
    func lsm(_ r: ArraySlice<Float>) -> Double { let m = Double(r.max()!); return m + log(r.reduce(0.0) { $0 + exp(Double($1) - m) }) }
    func stats(_ name: String, _ oracle: Oracle, _ f: ([Token]) throws -> [[Float]]) throws {
        var d: [Double] = []; var d0: [Double] = []
        for t in oracle.cases.prefix(4) { guard let e = t.nextLogprob else { continue }
            let l = try f(t.tokens)
            for i in 0..<e.count { let z = lsm(l[i][...]); let v = abs(Double(l[i][Int(t.tokens[i+1])]) - z - e[i]); if i == 0 { d0.append(v) } else { d.append(v) } } }
        print(name, "mean", d.reduce(0,+)/Double(d.count), "max", d.max()!, "pos0", d0)
    }
    func ref(_ p: String, _ rc: Bool) throws -> ([Token]) throws -> [[Float]] {
        let r = try FloatReference(path: p, roundsCache: rc)
        return { t in let l = try r.logits(t); let v = l.count / t.count; return (0..<t.count).map { Array(l[$0*v..<($0+1)*v]) } }
    }
    @Test func tiny() throws {
        for n in ["tiny-llama.f32", "tiny-llama.f16", "tiny-qwen2.f16", "tiny-llama.Q6_K"] {
            let o = try Fixtures.oracle(n)
            try stats(n + " f16kv", o, ref(Fixtures.modelPath(n), true))
            try stats(n + " f32kv", o, ref(Fixtures.modelPath(n), false))
        }
    }
    @Test func big() throws {
        let m = RealModel.coderOneAndAHalfBillion
        let o = try Fixtures.oracle(m.oracleName)
        let l = try ref(m.path, true)(Array(o.cases[0].tokens))
        for i in 0..<9 { let z = lsm(l[i][...]); let am = l[i].indices.max { l[i][$0] < l[i][$1] }!; print(i, Double(l[i][Int(o.cases[0].tokens[i+1])]) - z, o.cases[0].nextLogprob![i], am, o.cases[0].argmax![i]) }
    }
}
