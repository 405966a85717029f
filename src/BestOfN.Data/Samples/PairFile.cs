using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using BestOfN.Core.Prompts;
using BestOfN.Core.Selection;
using BestOfN.Data.Records;
using BestOfN.Inputs.Files;
using BestOfN.Inputs.Records;

namespace BestOfN.Data.Samples;

/// <summary>Makes a file of preference pairs from files of samples. The file appears when it is whole.</summary>
/// <remarks>Images that stand in the samples as <c>data:</c> URIs are written beside it, into the folder <c>FILE.images</c>, by the hash of
/// their contents.</remarks>
public sealed class PairFile
{
    private static readonly JsonSerializerOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly string _path;
    private readonly string _folder;
    private readonly PairFormat _format;
    private readonly PairSelection _selection;

    /// <param name="path">The file to make.</param>
    /// <param name="format">Its form.</param>
    /// <param name="selection">Which answers become a pair.</param>
    public PairFile(string path, PairFormat format, PairSelection selection)
    {
        (_path, _format, _selection) = (Path.GetFullPath(path), format, selection);
        _folder = Path.GetDirectoryName(_path)!;
    }

    /// <summary>Reads the samples and writes the pairs.</summary>
    /// <param name="samples">Files of samples; they are read twice.</param>
    /// <param name="progress">Told how many prompts are done.</param>
    /// <param name="cancellationToken">Ends the run; no file is made then.</param>
    /// <exception cref="InvalidDataException">A line of the samples is not as expected, or no answer in them has a score.</exception>
    public PairSummary Write(IReadOnlyList<string> samples, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(samples);
        var (hasMedia, hasScores) = Survey(samples, cancellationToken);
        if (!hasScores)
        {
            throw new InvalidDataException(
                $"{string.Join(", ", samples)}: no answer has a score; draw the samples with a reward model (--reward).");
        }

        var (prompts, pairs, differences, ratios, isRight) = (0, 0, 0.0, 0.0, new List<bool>());
        var without = new SortedDictionary<NoPair, int>();
        var seen = new HashSet<string>();
        using var file = new WholeFile(_path);
        var isList = _format == PairFormat.Ixc;
        foreach (var prompt in samples.SelectMany(SampledPrompt.ReadFile))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (found, reason) = HasPlace(prompt) ? _selection.Choose(prompt.Answers) : ([], NoPair.NoPlaceInFormat);
            AnswerPair[] kept = [.. found.Where(pair => seen.Add(Key(prompt, pair)))];
            if (kept.Length == 0)
            {
                var why = reason ?? NoPair.Repeated;
                without[why] = without.GetValueOrDefault(why) + 1;
            }

            foreach (var (number, pair) in kept.Index())
            {
                var id = kept.Length == 1 ? prompt.Id : $"{prompt.Id}-{number + 1}";
                var line = JsonSerializer.SerializeToUtf8Bytes(Record(id, prompt, pair, hasMedia), s_json);
                file.Stream.Write(!isList ? [] : pairs == 0 ? "[\n"u8 : ",\n"u8);
                file.Stream.Write(line);
                file.Stream.Write(isList ? [] : "\n"u8);
                pairs++;
                differences += Difference(pair);
                ratios += (double)Characters(pair.Chosen) / Characters(pair.Rejected);
                if (pair is { Chosen.IsCorrect: { } chosen, Rejected.IsCorrect: { } rejected })
                {
                    isRight.Add(chosen && !rejected);
                }
            }

            prompts++;
            progress?.Report(prompts);
        }

        file.Stream.Write(!isList ? [] : pairs == 0 ? "[]\n"u8 : "\n]\n"u8);
        file.Finish();
        return new(
            prompts, pairs, without,
            pairs > 0 ? differences / pairs : null,
            pairs > 0 ? ratios / pairs : null,
            isRight.Count > 0 ? isRight.Average(right => right ? 1 : 0) : null);
    }

    private static double Difference(AnswerPair pair) => pair.Chosen.Score!.Value - pair.Rejected.Score!.Value;

    private static int Characters(SampledAnswer answer) => answer.Text.EnumerateRunes().Count();

    private static (bool HasMedia, bool HasScores) Survey(IReadOnlyList<string> samples, CancellationToken cancellationToken)
    {
        var (hasMedia, hasScores) = (false, false);
        foreach (var prompt in samples.SelectMany(SampledPrompt.ReadFile))
        {
            cancellationToken.ThrowIfCancellationRequested();
            hasMedia |= prompt.HasMedia;
            hasScores |= prompt.Answers.Any(a => a.Score is not null);
        }

        return (hasMedia, hasScores);
    }

    // The two answers in a fixed order, so that a contradiction is found, too.
    private static string Key(SampledPrompt prompt, AnswerPair pair)
    {
        var parts = prompt.Messages.SelectMany(m => m.Parts.Select(p => $"{m.Role} {Digest(p)}"));
        string[] answers = [AnswerKey.Of(pair.Chosen.Text), AnswerKey.Of(pair.Rejected.Text)];
        var all = JsonSerializer.Serialize(parts.Concat(answers.Order(StringComparer.Ordinal)));
        return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(all)), 0, 16);
    }

    private static string Digest(ContentPart part) => part switch
    {
        TextPart text => text.Text,
        MediaFilePart file => file.Path,
        ImagePart image => Convert.ToHexString(SHA256.HashData(image.Content.Span)),
        VideoPart video => Convert.ToHexString(SHA256.HashData(video.Content.Span)),
        _ => throw new NotSupportedException($"A part of the kind {part.GetType().Name} has no place in a pair."),
    };

    private bool HasPlace(SampledPrompt prompt)
    {
        var media = prompt.Messages.SelectMany(m => m.Parts).Where(p => p is not TextPart).ToArray();
        return media.All(p => p is ImagePart or MediaFilePart { IsVideo: false }) && (_format != PairFormat.OpenRlhf || media.Length == 0)
            && (_format != PairFormat.Ixc || prompt.Messages.All(m => m.Role is "user" or "assistant" or "system"));
    }

    private JsonObject Record(string id, SampledPrompt prompt, AnswerPair pair, bool hasMedia)
    {
        JsonArray images = [.. prompt.Messages.SelectMany(m => m.Parts).Where(p => p is not TextPart).Select(p => (JsonNode)ImagePath(p))];
        JsonObject record = new() { ["id"] = id };
        switch (_format)
        {
            case PairFormat.Trl:
                record["prompt"] = new JsonArray([.. prompt.Messages.Select(m => TrlMessage(m, hasMedia))]);
                record["chosen"] = new JsonArray(TrlMessage(new("assistant", pair.Chosen.Text), hasMedia));
                record["rejected"] = new JsonArray(TrlMessage(new("assistant", pair.Rejected.Text), hasMedia));
                if (hasMedia)
                {
                    record["images"] = images;
                }

                break;
            case PairFormat.OpenRlhf:
                record["chosen"] = new JsonArray([.. Conversation(pair.Chosen).Select(m => TrlMessage(m, hasParts: false))]);
                record["rejected"] = new JsonArray([.. Conversation(pair.Rejected).Select(m => TrlMessage(m, hasParts: false))]);
                break;
            default:
                if (images.Count > 0)
                {
                    record["image"] = images.Count == 1 ? images[0]!.DeepClone() : images;
                }

                record["conversations_a"] = new JsonArray([.. Conversation(pair.Chosen).Select(IxcMessage)]);
                record["conversations_b"] = new JsonArray([.. Conversation(pair.Rejected).Select(IxcMessage)]);
                record["metadata"] = new JsonObject { ["score_a"] = pair.Chosen.Score, ["score_b"] = pair.Rejected.Score };
                return record;
        }

        record["score_chosen"] = pair.Chosen.Score;
        record["score_rejected"] = pair.Rejected.Score;
        record["margin"] = Difference(pair);
        return record;

        IEnumerable<ChatMessage> Conversation(SampledAnswer answer) => prompt.Messages.Append(new("assistant", answer.Text));
    }

    private static JsonObject TrlMessage(ChatMessage message, bool hasParts) => new()
    {
        ["role"] = message.Role,
        ["content"] = !hasParts ? message.Text
            : new JsonArray([.. message.Parts.Select(p => p is TextPart text
                ? new JsonObject { ["type"] = "text", ["text"] = text.Text }
                : new JsonObject { ["type"] = "image" })]),
    };

    private static JsonObject IxcMessage(ChatMessage message) => new()
    {
        ["from"] = message.Role switch { "assistant" => "bot", "user" => "human", var role => role },
        ["value"] = string.Concat(message.Parts.Select(p => p is TextPart text ? text.Text : ConversationRow.Placeholder)),
    };

    private string ImagePath(ContentPart part)
    {
        if (part is MediaFilePart file)
        {
            return Path.GetRelativePath(_folder, file.Path);
        }

        var content = ((ImagePart)part).Content;
        var name = Convert.ToHexStringLower(SHA256.HashData(content.Span))[..32]
            + "." + MediaType.Extension(MediaType.OfImage(content.Span));
        var path = Path.Combine(_path + ".images", name);
        if (!File.Exists(path))
        {
            AtomicFile.Write(path, content.Span);
        }

        return Path.GetRelativePath(_folder, path);
    }
}
