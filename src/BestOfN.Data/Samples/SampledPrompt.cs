using System.Globalization;
using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Inputs.Records;

namespace BestOfN.Data.Samples;

/// <summary>A prompt with the answers that were drawn for it: a line of a file of samples.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Messages">The conversation up to the answers. Files are named in it, not read.</param>
/// <param name="Answers">In the order in which they were drawn.</param>
public sealed record SampledPrompt(string Id, IReadOnlyList<ChatMessage> Messages, IReadOnlyList<SampledAnswer> Answers)
{
    private static readonly FieldNames s_fields = new(
        ["id", "messages", "images", "videos", "answers", "lost", "error", "metadata"],
        new Dictionary<string, string> { ["candidates"] = "answers, each with text, finish_reason and score" });

    private static readonly FieldNames s_answerFields = new(["text", "finish_reason", "tokens", "score", "correct"]);

    /// <summary>Whether the prompt shows an image or a video.</summary>
    public bool HasMedia => Messages.Any(m => m.Parts.Any(p => p is not TextPart));

    /// <summary>The lines of a file of samples, one at a time.</summary>
    /// <exception cref="InvalidDataException">A line is not as expected; the message names file, line and field.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static IEnumerable<SampledPrompt> ReadFile(string path)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        foreach (var line in JsonLines.Read(path))
        {
            SampledPrompt prompt;
            try
            {
                prompt = Read(line, folder);
            }
            catch (InvalidDataException e)
            {
                throw new InvalidDataException($"{path}, line {line.Number}: {e.Message}", e);
            }

            yield return prompt;
        }
    }

    private static SampledPrompt Read(JsonLine line, string folder)
    {
        var root = line.Parse();
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new InvalidDataException($"expected an object, found {root.ValueKind}");
        }

        s_fields.Check(root);
        var id = root.TryGetProperty("id", out var value) ? value.ToString() : line.Number.ToString(CultureInfo.InvariantCulture);
        return root.TryGetProperty("answers", out var answers) && answers.ValueKind == JsonValueKind.Array
            ? new(id, ConversationRow.Read(root, folder), [.. answers.EnumerateArray().Select(Answer)])
            : throw new InvalidDataException("answers: expected a list");
    }

    private static SampledAnswer Answer(JsonElement answer, int index)
    {
        var where = string.Create(CultureInfo.InvariantCulture, $"answers[{index}]");
        if (answer.ValueKind != JsonValueKind.Object || !answer.TryGetProperty("text", out var text)
            || text.ValueKind != JsonValueKind.String)
        {
            throw new InvalidDataException($"{where}.text: expected a string");
        }

        s_answerFields.Check(answer, where + ".");
        return new(
            text.GetString()!,
            Member("finish_reason", JsonValueKind.String)?.GetString() ?? "stop",
            Member("tokens", JsonValueKind.Number) is { } tokens && tokens.TryGetInt64(out var count) ? count : 0,
            Member("score", JsonValueKind.Number) is { } score && score.TryGetDouble(out var number) && double.IsFinite(number)
                ? number : null,
            Member("correct", JsonValueKind.True, JsonValueKind.False)?.GetBoolean());

        JsonElement? Member(string name, params JsonValueKind[] kinds) =>
            !answer.TryGetProperty(name, out var member) || member.ValueKind == JsonValueKind.Null ? null
            : kinds.Contains(member.ValueKind) ? member
            : throw new InvalidDataException($"{where}.{name}: expected {kinds[0]}, found {member.GetRawText()}");
    }
}
