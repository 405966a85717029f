using System.Text.Json;
using static TorchSharp.torch;

namespace BestOfN.Training.Tests.Policy.Objectives;

/// <summary>The reference vectors of policy training. tests/Golden/policy-training/README.md describes them.</summary>
internal static class PolicyGolden
{
    public const double Exact = 1e-9;

    public static JsonElement[] Cases(string file, string prefix = "")
    {
        var path = Path.Combine(AppContext.BaseDirectory, "Golden", "policy-training", file + ".json");
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        JsonElement[] cases =
        [
            .. document.RootElement.GetProperty("cases").EnumerateArray().Select(c => c.Clone())
                .Where(c => c.GetProperty("name").GetString()!.StartsWith(prefix, StringComparison.Ordinal)),
        ];
        Assert.NotEmpty(cases);
        return cases;
    }

    public static double Number(this JsonElement element, string name) => Number(element.GetProperty(name));

    public static double? NumberOrNull(this JsonElement element, string name) =>
        element.GetProperty(name) is { ValueKind: JsonValueKind.Number } number ? number.GetDouble() : null;

    public static double[] Row(this JsonElement element, string name) => [.. element.GetProperty(name).EnumerateArray().Select(Number)];

    public static double[][] Rows(this JsonElement element, string name) =>
        [.. element.GetProperty(name).EnumerateArray().Select(row => row.EnumerateArray().Select(Number).ToArray())];

    public static int[] Integers(this JsonElement element, string name) =>
        [.. element.GetProperty(name).EnumerateArray().Select(n => n.GetInt32())];

    /// <summary>Lengths of the answers, from a mask with padding on the right.</summary>
    public static int[] Lengths(this JsonElement element) => [.. element.Rows("mask").Select(row => row.Count(m => m != 0))];

    /// <summary>Rows without what the mask hides.</summary>
    public static double[][] Masked(this JsonElement element, string name)
    {
        var lengths = element.Lengths();
        return [.. element.Rows(name).Select((row, i) => row[..lengths[i]])];
    }

    /// <summary>All tokens of all answers in a row.</summary>
    public static double[] Flat(this JsonElement element, string name) => [.. element.Masked(name).SelectMany(row => row)];

    /// <summary>One number of an answer for each of its tokens.</summary>
    public static double[] Spread(this JsonElement element, string name) =>
        [.. element.Row(name).Zip(element.Lengths(), (value, length) => Enumerable.Repeat(value, length)).SelectMany(row => row)];

    public static Tensor Of(double[] values, ScalarType type, bool hasGradient = false) =>
        tensor(values).to(type).requires_grad_(hasGradient);

    public static Tensor Times(this Tensor tensor, double factor)
    {
        using TorchSharp.Scalar held = factor;
        return tensor * held;
    }

    public static double Tolerance(ScalarType type, double size = 1) => (type == ScalarType.Float64 ? Exact : 1e-5) * Math.Max(1, size);

    public static void Equal(IEnumerable<double> expected, IEnumerable<double> actual, double tolerance)
    {
        double[] wanted = [.. expected], found = [.. actual];
        Assert.Equal(wanted.Length, found.Length);
        for (var i = 0; i < wanted.Length; i++)
        {
            Assert.True(
                Math.Abs(wanted[i] - found[i]) <= tolerance * Math.Max(1, Math.Abs(wanted[i])),
                FormattableString.Invariant($"number {i}: expected {wanted[i]:R}, found {found[i]:R}"));
        }
    }

    public static void Equal(double[] expected, Tensor actual, ScalarType type) => Equal(expected, Values(actual), Tolerance(type));

    public static double[] Values(Tensor tensor) => tensor.detach().to(ScalarType.Float64).contiguous().data<double>().ToArray();

    private static double Number(JsonElement element) => element.ValueKind == JsonValueKind.String ? double.NaN : element.GetDouble();
}
