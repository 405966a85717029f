using ScottPlot;

namespace BestOfN.Data.Plots;

/// <summary>A policy training on held-out prompts: the reward model's score on the left axis, accuracy on the right one.</summary>
/// <remarks>Where the score rises and accuracy does not, the policy deceives the reward model.</remarks>
public static class PolicyPlot
{
    private const int Width = 900;
    private const int Height = 540;

    /// <summary>Writes an SVG, whole or not at all.</summary>
    /// <param name="title">What was trained.</param>
    /// <param name="scores">Mean score at each measurement.</param>
    /// <param name="accuracies">Accuracies by name, 0..1, at each measurement; empty where nobody can check answers.</param>
    /// <param name="path">The file to write.</param>
    public static void WriteSvg(
        string title,
        IReadOnlyList<(long Step, double Score)> scores,
        IReadOnlyDictionary<string, IReadOnlyList<(long Step, double Accuracy)>> accuracies,
        string path) =>
        AtomicFile.Write(path, System.Text.Encoding.UTF8.GetBytes(Draw(title, scores, accuracies).GetSvgXml(Width, Height)));

    internal static Plot Draw(
        string title,
        IReadOnlyList<(long Step, double Score)> scores,
        IReadOnlyDictionary<string, IReadOnlyList<(long Step, double Accuracy)>> accuracies)
    {
        var plot = PlotStyle.New(title, "steps", "mean score on held-out prompts");
        Color[] colours = [PlotStyle.Orange, PlotStyle.Green, PlotStyle.Grey];
        var score = plot.Add.Scatter(
            scores.Select(p => (double)p.Step).ToArray(), scores.Select(p => p.Score).ToArray(), PlotStyle.Blue);
        (score.LegendText, score.LineWidth) = ("score (left)", 2);
        foreach (var (i, (name, points)) in accuracies.Index())
        {
            var line = plot.Add.Scatter(
                points.Select(p => (double)p.Step).ToArray(), points.Select(p => 100 * p.Accuracy).ToArray(), colours[i % colours.Length]);
            (line.LegendText, line.LineWidth) = ($"{name} (right)", 2);
            line.Axes.YAxis = plot.Axes.Right;
        }

        if (accuracies.Count > 0)
        {
            plot.Axes.Right.Label.Text = "held-out accuracy in %";
            plot.Axes.SetLimitsY(0, 105, plot.Axes.Right);
        }

        PlotStyle.AddLegend(plot);
        return plot;
    }
}
