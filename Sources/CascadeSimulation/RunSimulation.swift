/// Runs clusters of the real coordinator, nodes, clients and codec, with toy models, over a fake network, disk and
/// clock, one per seed, and checks the invariants; stops at the first failure unless it is to go on. The same options
/// give the same report, on any machine.
package func runSimulation(_ options: SimulationOptions) -> SimulationReport {
    var total = SimulationReport()
    for offset in 0..<UInt64(max(0, options.seeds)) {
        var simulation = Simulation(options, seed: options.seed &+ offset)
        simulation.run()
        total.add(simulation.report)
        if !options.goesOn, !total.failures.isEmpty { return total }
    }
    if options.requiresCoverage { total.demandCoverage() }
    return total
}
