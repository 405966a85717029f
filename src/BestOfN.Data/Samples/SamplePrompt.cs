using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using BestOfN.Core.Prompts;
using BestOfN.Data.Worlds;
using BestOfN.Inputs.Records;

namespace BestOfN.Data.Samples;

/// <summary>A prompt for which answers are drawn.</summary>
/// <param name="Id">Its id as JSON, quotes included.</param>
/// <param name="Row">What the file of samples says of it: <c>id</c>, <c>messages</c>, <c>images</c>, <c>videos</c>.</param>
/// <param name="Messages">The conversation up to the answer. Files are named in it, not read.</param>
/// <param name="Problem">The problem of a pocket world that checks answers; null for prompts from a file.</param>
public sealed record SamplePrompt(string Id, JsonObject Row, IReadOnlyList<ChatMessage> Messages, Problem? Problem = null)
{
    private static readonly FieldNames s_fields = new(
        ["id", "messages", "images", "videos", "metadata"],
        new Dictionary<string, string>
        {
            ["prompt"] = "messages, each with role and content",
            ["conversations"] = "messages, each with role and content",
            ["image"] = "images, a list of paths",
            ["video"] = "videos, a list of paths",
        });

    /// <summary>The prompts of a file of JSON lines, one at a time.</summary>
    /// <param name="path">Each line has <c>messages</c> as in a chat request, and may have <c>id</c>, <c>images</c>, <c>videos</c> (paths
    /// from the file's folder on).</param>
    /// <param name="outputFolder">The folder of the samples: from there on their paths are written.</param>
    /// <exception cref="InvalidDataException">A line is not as expected; the message names file, line and field.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static IEnumerable<SamplePrompt> ReadFile(string path, string outputFolder)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        foreach (var line in JsonLines.Read(path))
        {
            SamplePrompt prompt;
            try
            {
                prompt = Read(line, folder, outputFolder);
            }
            catch (InvalidDataException e)
            {
                throw new InvalidDataException($"{path}, line {line.Number}: {e.Message}", e);
            }

            yield return prompt;
        }
    }

    /// <summary>Problems of a pocket world, drawn by seed.</summary>
    public static IEnumerable<SamplePrompt> Draw(IPocketWorld world, ulong seed, int problems, Split split)
    {
        ArgumentNullException.ThrowIfNull(world);
        for (var i = 0; i < problems; i++)
        {
            var problem = world.Draw(seed, i, split);
            var id = JsonSerializer.Serialize(string.Create(CultureInfo.InvariantCulture, $"{world.Name}-{seed}-{i}"));
            var messages = problem.ToPrompt().Messages;
            yield return new(
                id,
                new JsonObject { ["id"] = JsonNode.Parse(id), ["messages"] = new JsonArray([.. messages.Select(MessageJson.Of)]) },
                messages,
                problem);
        }
    }

    private static SamplePrompt Read(JsonLine line, string folder, string outputFolder)
    {
        var root = line.Parse();
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new InvalidDataException($"expected an object, found {root.ValueKind}");
        }

        s_fields.Check(root);
        var id = !root.TryGetProperty("id", out var value) ? line.Number.ToString(CultureInfo.InvariantCulture)
            : value.ValueKind is JsonValueKind.String or JsonValueKind.Number ? value.GetRawText()
            : throw new InvalidDataException("id: expected a string or a number");
        var messages = ConversationRow.Read(root, folder);
        if (messages[^1].Role == "assistant")
        {
            throw new InvalidDataException("messages: expected to end before the answer, found an assistant's message at the end");
        }

        var row = new JsonObject { ["id"] = JsonNode.Parse(id), ["messages"] = JsonNode.Parse(root.GetProperty("messages").GetRawText()) };
        foreach (var field in (string[])["images", "videos"])
        {
            if (root.TryGetProperty(field, out var paths))
            {
                row[field] = new JsonArray([.. paths.EnumerateArray().Select(p =>
                    (JsonNode)Path.GetRelativePath(outputFolder, Path.GetFullPath(p.GetString()!, folder)))]);
            }
        }

        return new(id, row, messages);
    }
}
