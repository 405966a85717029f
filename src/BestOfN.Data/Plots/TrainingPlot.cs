using ScottPlot;

namespace BestOfN.Data.Plots;

/// <summary>A training run: the loss on the left axis, held-out accuracy on the right one.</summary>
public static class TrainingPlot
{
    private const int Width = 900;
    private const int Height = 540;

    /// <summary>Writes an SVG, whole or not at all.</summary>
    /// <param name="title">What was trained.</param>
    /// <param name="losses">Loss per step in nats; smoothed here where there are many.</param>
    /// <param name="heldOut">Accuracy on held-out problems, 0..1; may be empty.</param>
    /// <param name="path">The file to write.</param>
    public static void WriteSvg(
        string title,
        IReadOnlyList<(long Step, double Loss)> losses,
        IReadOnlyList<(long Step, double Accuracy)> heldOut,
        string path) =>
        AtomicFile.Write(path, System.Text.Encoding.UTF8.GetBytes(Draw(title, losses, heldOut).GetSvgXml(Width, Height)));

    internal static Plot Draw(
        string title, IReadOnlyList<(long Step, double Loss)> losses, IReadOnlyList<(long Step, double Accuracy)> heldOut)
    {
        var plot = PlotStyle.New(title, "steps", "loss in nats");
        var smooth = Smooth(losses);
        if (smooth.Count > 0)
        {
            var loss = plot.Add.ScatterLine(
                smooth.Select(p => (double)p.Step).ToArray(), smooth.Select(p => p.Loss).ToArray(), PlotStyle.Blue);
            loss.LegendText = "loss (left)";
            loss.LineWidth = 2;
        }

        plot.Axes.SetLimitsY(0, 1.05 * smooth.Select(p => p.Loss).DefaultIfEmpty(1).Max());
        if (heldOut.Count > 0)
        {
            var accuracy = plot.Add.Scatter(
                heldOut.Select(p => (double)p.Step).ToArray(), heldOut.Select(p => 100 * p.Accuracy).ToArray(), PlotStyle.Orange);
            accuracy.LegendText = "held-out accuracy (right)";
            accuracy.LineWidth = 2;
            accuracy.MarkerSize = 6;
            accuracy.Axes.YAxis = plot.Axes.Right;
            plot.Axes.Right.Label.Text = "held-out accuracy in %";
            plot.Axes.SetLimitsY(0, 105, plot.Axes.Right);
        }

        if (smooth.Count + heldOut.Count > 0)
        {
            PlotStyle.AddLegend(plot);
        }

        var last = losses.Select(p => p.Step).Concat(heldOut.Select(p => p.Step)).DefaultIfEmpty(1).Max();
        plot.Axes.SetLimitsX(0, 1.02 * last);
        return plot;
    }

    // At most a few hundred points, each the mean of its share of the steps: more would be noise and megabytes.
    private static List<(long Step, double Loss)> Smooth(IReadOnlyList<(long Step, double Loss)> losses) =>
        [.. losses.Chunk(Math.Max(1, losses.Count / 250)).Select(c => (c[^1].Step, c.Average(p => p.Loss)))];
}
