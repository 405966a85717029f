using BestOfN.Data.Evaluation;
using ScottPlot;

namespace BestOfN.Data.Plots;

/// <summary>Accuracy over the number of candidates, one line with its 95 % band per rule.</summary>
public static class BestOfNPlot
{
    private const int Width = 900;
    private const int Height = 540;

    /// <summary>Writes an SVG, whole or not at all.</summary>
    public static void WriteSvg(BestOfNCurve curve, string title, string path) =>
        AtomicFile.Write(path, System.Text.Encoding.UTF8.GetBytes(Draw(curve, title).GetSvgXml(Width, Height)));

    internal static Plot Draw(BestOfNCurve curve, string title)
    {
        var plot = PlotStyle.New(title, "candidates per question", "correct answers in %");
        var x = curve.K.Select(k => Math.Log2(k)).ToArray();

        var greedy = plot.Add.HorizontalLine(100 * curve.Greedy, 1.5f, PlotStyle.Grey, LinePattern.Dashed);
        greedy.LegendText = "greedy";
        AddLine("at least one correct (pass@k)", curve.Pass, curve.Intervals.Pass, PlotStyle.Grey);
        AddLine("weighted vote", curve.WeightedVote, curve.Intervals.WeightedVote, PlotStyle.Blue);
        AddLine("highest reward", curve.Reward, curve.Intervals.Reward, PlotStyle.Orange);
        AddLine("majority vote", curve.MajorityVote, curve.Intervals.MajorityVote, PlotStyle.Green);

        PlotStyle.AddLegend(plot);
        plot.Axes.SetLimits(x[0] - 0.15, x[^1] + 0.15, 0, 100);
        plot.Axes.Bottom.SetTicks(x, [.. curve.K.Select(k => $"{k}")]);
        return plot;

        void AddLine(string name, IReadOnlyList<double> values, IReadOnlyList<IReadOnlyList<double>> intervals, Color color)
        {
            var band = plot.Add.FillY(x, [.. intervals.Select(i => 100 * i[0])], [.. intervals.Select(i => 100 * i[1])]);
            band.FillColor = color.WithAlpha(0.18);
            band.LineWidth = 0;
            var line = plot.Add.Scatter(x, values.Select(v => 100 * v).ToArray(), color);
            line.LegendText = name;
            line.LineWidth = 2.5f;
            line.MarkerSize = 6;
        }
    }
}
