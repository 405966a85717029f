using System.Text.Json;

namespace BestOfN.Data.Tests.Benchmarks;

internal static class SameFigures
{
    private const double Tolerance = 1e-9;

    /// <summary>Every member of <paramref name="expected"/> stands in <paramref name="actual"/> under the same name; more may.</summary>
    public static void AssertHolds(JsonElement expected, JsonElement actual, string path = "")
    {
        switch (expected.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in expected.EnumerateObject())
                {
                    Assert.True(actual.TryGetProperty(member.Name, out var value), $"{path}.{member.Name} is missing");
                    AssertHolds(member.Value, value, $"{path}.{member.Name}");
                }

                break;
            case JsonValueKind.Array:
                Assert.Equal(expected.GetArrayLength(), actual.GetArrayLength());
                foreach (var (item, i) in expected.EnumerateArray().Select((item, i) => (item, i)))
                {
                    AssertHolds(item, actual[i], $"{path}[{i}]");
                }

                break;
            case JsonValueKind.Number:
                var (wanted, given) = (expected.GetDouble(), actual.GetDouble());
                Assert.True(Math.Abs(wanted - given) <= Tolerance, $"{path}: expected {wanted}, not {given}");
                break;
            default:
                Assert.Equal(expected.GetRawText(), actual.GetRawText());
                break;
        }
    }
}
