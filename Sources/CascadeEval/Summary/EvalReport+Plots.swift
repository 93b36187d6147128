extension EvalReport {
    /// Quality against latency and against expert passes, one pair of pictures a temperature.
    static func plots(_ summary: RunSummary) -> [(name: String, plot: ScatterPlot)] {
        summary.temperatures.flatMap { temperature -> [(name: String, plot: ScatterPlot)] in
            let settings = summary.settings.filter { $0.temperature == temperature && $0.quality != nil }
            guard !settings.isEmpty else { return [] }
            let quality = PlotAxis(label: qualityLabel(settings))
            let title = "Temperature \(temperature)"
            let passes =
                (
                    "quality-passes-t\(temperature)",
                    ScatterPlot(
                        title: title,
                        xAxis: PlotAxis(label: "expert passes per token", hasZero: true),
                        yAxis: quality,
                        series: series(settings) { ($0.expertPasses, nil) }
                    )
                )
            guard summary.isTimedAlone else { return [passes] }
            let latency =
                (
                    "quality-latency-t\(temperature)",
                    ScatterPlot(
                        title: title,
                        xAxis: PlotAxis(label: "time of an answer", unit: "s", hasZero: true),
                        yAxis: quality,
                        series: series(settings) { ($0.seconds.mean, $0.seconds.interval) }
                    )
                )
            return [latency, passes]
        }
    }

    private static func qualityLabel(_ settings: [SettingSummary]) -> String {
        if settings.contains(where: { $0.passRate != nil }) { return "pass@1" }
        return settings.contains { $0.logLikelihood != nil }
            ? "expert's log-likelihood per token (nats)" : "likeness to the expert's answer (ROUGE-L)"
    }

    /// One series a method, its knobs joined by a line.
    private static func series(
        _ settings: [SettingSummary],
        x: (SettingSummary) -> (Double, ConfidenceInterval?)
    ) -> [PlotSeries] {
        let methods = settings.reduce(into: [String]()) { if !$0.contains($1.method) { $0.append($1.method) } }
        return methods.map { method in
            let points = settings.filter { $0.method == method }.compactMap { setting -> PlotPoint? in
                guard let quality = setting.quality else { return nil }
                let (value, interval) = x(setting)
                return PlotPoint(
                    x: value,
                    y: quality.value,
                    xInterval: interval,
                    yInterval: quality.interval,
                    label: setting.alpha.map { "\($0)" } ?? ""
                )
            }
            return PlotSeries(name: method, points: points, isJoined: points.count > 1)
        }
    }
}
