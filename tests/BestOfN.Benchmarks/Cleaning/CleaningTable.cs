using System.Globalization;
using System.Text.Json;

namespace BestOfN.Benchmarks.Cleaning;

/// <summary>How much of the planted noise a cleaning found, and what else it dropped.</summary>
internal static class CleaningTable
{
    public const string Usage = "cleaning table CORPUS-FOLDER OUTPUT-OF-CLEAN";

    public static int Print(string corpus, string output)
    {
        var planted = Rows(Path.Combine(corpus, "planted.jsonl"))
            .ToDictionary(row => row.GetProperty("record").GetInt32(), row => row.GetProperty("noise").GetString()!);
        var dropped = Rows(Path.Combine(output, "dropped.jsonl")).ToDictionary(
            row => row.GetProperty("record").GetInt32(),
            row => row.GetProperty("reasons").EnumerateArray().Select(reason => reason.GetString()!).ToArray());
        var records = JsonElement.Parse(File.ReadAllBytes(Path.Combine(output, "report.json"))).GetProperty("records").GetInt32();
        Console.WriteLine("| noise | records | found | share | 95 % |\n| --- | --- | --- | --- | --- |");
        foreach (var kind in planted.GroupBy(p => p.Value, p => p.Key).OrderBy(kind => kind.Key, StringComparer.Ordinal))
        {
            Console.WriteLine(Row(kind.Key, kind.Count(), kind.Count(dropped.ContainsKey)));
        }

        var others = dropped.Where(d => !planted.ContainsKey(d.Key)).ToArray();
        Console.WriteLine(Row("none: false alarms", records - planted.Count, others.Length));
        foreach (var reason in others.SelectMany(d => d.Value).CountBy(reason => reason))
        {
            Console.WriteLine($"false alarms by {reason.Key}: {reason.Value}");
        }

        return 0;
    }

    private static string Row(string name, int records, int found)
    {
        // Wilson's interval.
        const double Z = 1.959963984540054;
        var (n, p) = ((double)records, (double)found / records);
        var centre = (p + (Z * Z / (2 * n))) / (1 + (Z * Z / n));
        var half = Z * Math.Sqrt((p * (1 - p) / n) + (Z * Z / (4 * n * n))) / (1 + (Z * Z / n));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {records} | {found} | {100 * p:F2} % | {100 * (centre - half):F2} to {100 * (centre + half):F2} % |");
    }

    private static IEnumerable<JsonElement> Rows(string path) => File.ReadLines(path).Select(line => JsonElement.Parse(line));
}
