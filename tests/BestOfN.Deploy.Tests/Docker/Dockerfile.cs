using System.Text.RegularExpressions;

namespace BestOfN.Deploy.Tests.Docker;

/// <summary>The instructions of a Dockerfile, in their order.</summary>
/// <param name="Stage">The stage that it belongs to; empty before the first one.</param>
/// <param name="Name">In capitals.</param>
/// <param name="Arguments">All that follows, as one line.</param>
internal sealed partial record Dockerfile(string Stage, string Name, string Arguments)
{
    public static IReadOnlyList<Dockerfile> Read(string path)
    {
        List<Dockerfile> instructions = [];
        var stage = "";
        var text = Continued().Replace(string.Join('\n', File.ReadLines(path).Where(line => !line.StartsWith('#'))), " ");
        foreach (var line in text.Split('\n').Where(line => line.Length > 0))
        {
            var words = line.Split(' ', 2);
            stage = words[0] == "FROM" ? line.Split(" AS ")[1] : stage;
            instructions.Add(new(stage, words[0], words[1].Trim()));
        }

        return instructions;
    }

    [GeneratedRegex(@"\\\n\s*")]
    private static partial Regex Continued();
}
