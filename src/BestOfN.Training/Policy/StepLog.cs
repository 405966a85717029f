using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace BestOfN.Training.Policy;

/// <summary>The numbers of every step, a JSON object a line. Steps that are done again after an interruption replace their lines.</summary>
internal sealed class StepLog(string path)
{
    private bool _isOpen;

    public void Write(int step, IReadOnlyDictionary<string, double> numbers)
    {
        if (!_isOpen)
        {
            DropFrom(step);
            _isOpen = true;
        }

        var line = new JsonObject { ["step"] = step };
        foreach (var (name, value) in numbers.Where(n => double.IsFinite(n.Value)))
        {
            line[name] = double.Parse(value.ToString("G6", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        }

        File.AppendAllText(path, line.ToJsonString() + "\n", new UTF8Encoding(false));
    }

    private void DropFrom(int step)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        if (!File.Exists(path))
        {
            return;
        }

        var kept = File.ReadLines(path).TakeWhile(line => Step(line) is { } s && s < step).ToArray();
        File.WriteAllLines(path, kept);
    }

    // A line that a kill cut off has no step.
    private static int? Step(string line)
    {
        try
        {
            return JsonNode.Parse(line)?["step"]?.GetValue<int>();
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
