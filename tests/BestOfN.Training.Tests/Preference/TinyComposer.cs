using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Data.Preferences;
using BestOfN.Inputs.Images;
using BestOfN.Inputs.Tokenizers;
using BestOfN.Training.Preference;
using BestOfN.Training.Recipes;
using static TorchSharp.torch;

namespace BestOfN.Training.Tests.Preference;

/// <summary>The tiny InternLM-XComposer2.5 of the reference data, and its conversations.</summary>
/// <remarks>tests/Golden/README.md says how it was made.</remarks>
internal static class TinyComposer
{
    public static string Folder(string name) => Path.Combine(AppContext.BaseDirectory, "Golden", "ixc25-reward", name);

    public static JsonElement Read(string name, string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder(name), file)));
        return document.RootElement.Clone();
    }

    public static TrainableNetwork Load(string name, LowRankAdaptation? lora = null) =>
        TrainableNetwork.Load(Folder(name), ScalarType.Float32, CPU, lora, 1);

    public static PairReader Reader(string name, TrainableNetwork network) => new(
        new ConversationAssembly(TokenizerFiles.Load(Folder(name)), network.RewardTokenId),
        network.ImageEncoder?.Configuration, 9, network.Configuration.VocabularySize);

    public static ChatMessage[] Conversation(string name, int sample) =>
    [
        .. Read(name, "inputs.json").GetProperty("samples")[sample].GetProperty("messages").EnumerateArray()
            .Select(m => new ChatMessage(m.GetProperty("role").GetString()!, m.GetProperty("content").GetString()!)),
    ];

    /// <summary>The reference's pairs: rows 0 and 2 are chosen, 1 and 3 rejected.</summary>
    public static PreferencePair[] TextPairs() =>
    [
        new("0", Conversation("text-batch", 0), Conversation("text-batch", 1), []),
        new("1", Conversation("text-batch", 2), Conversation("text-batch", 3), []),
    ];

    /// <summary>A pair about the reference's image.</summary>
    public static PreferencePair PicturePair()
    {
        var chosen = Conversation("image-1x1", 0);
        return new("picture", chosen, [.. chosen[..^1], new("assistant", "No.")], [Path.Combine(Folder("image-1x1"), "image_0.png")]);
    }

    public static JudgedPair[] Judged(string name, TrainableNetwork network, params PreferencePair[] pairs)
    {
        var reader = Reader(name, network);
        return [.. pairs.Select(p => reader.Read(p, TilingVariant.Training, CancellationToken.None))];
    }

    /// <summary>A record of the released format.</summary>
    public static string Record(PreferencePair pair)
    {
        static object[] Messages(IReadOnlyList<ChatMessage> messages) =>
        [
            .. messages.Select(m => new
            {
                from = m.Role switch { "user" => "human", "assistant" => "bot", var role => role },
                value = m.Text,
            }),
        ];
        return JsonSerializer.Serialize(new
        {
            id = pair.Id, conversations_a = Messages(pair.Chosen), conversations_b = Messages(pair.Rejected), image = pair.Pictures,
        });
    }
}
