using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Inference.ImageCache;
using BestOfN.Inference.Scoring;
using BestOfN.Inputs.Images;
using BestOfN.Inputs.Videos;
using BestOfN.Testing;

namespace BestOfN.Inference.Tests.Scoring;

/// <summary>The conversations of the reference cases of InternLM-XComposer-2.5-Reward, with their encoded images.</summary>
internal static class ImageConversations
{
    public const string Family = "ixc25-reward";

    /// <summary>The tiles that the reference cases were made with.</summary>
    public static ScoringOptions Options { get; } = new() { HdNum = 9 };

    public static ChatMessage[][] Read(string name) =>
        [.. GoldenFiles.Read($"{Family}/{name}", "inputs.json").GetProperty("samples").EnumerateArray().Select(s => Read(name, s))];

    public static double[] Rewards(string name) => ScoringEngineTests.Rewards($"{Family}/{name}");

    public static ImagePart Image(string name, string file) =>
        new(File.ReadAllBytes(Path.Combine(GoldenFiles.Folder($"{Family}/{name}"), file)));

    /// <summary>Stands for the video, which the reference keeps as its composed image only.</summary>
    public static VideoPart Video { get; } = new("the video of the reference"u8.ToArray());

    /// <summary>Lets the engine know the video.</summary>
    public static StoredImage LeaseVideo(ScoringEngine engine)
    {
        var composed = ImageDecoder.Decode(
            Image("video-landscape", "composed.png").Content, ImageLimits.Default, TestContext.Current.CancellationToken);
        var tiled = HighDefinitionTiling.Apply(
            composed, VideoComposition.LayoutOf(composed.Width, composed.Height, 560), 560, TestContext.Current.CancellationToken);
        return engine.Reader.Store!.Lease(ImageKey.Of(Video, 9), new object(), _ => Task.FromResult(tiled)).Image;
    }

    private static ChatMessage[] Read(string name, JsonElement sample)
    {
        var files = sample.TryGetProperty("images", out var names) ? names.EnumerateArray().Select(i => i.GetString()!).ToArray() : [];
        var images = new Queue<ContentPart>(files.Select(f => f == "video" ? (ContentPart)Video : Image(name, f)));
        var messages = sample.GetProperty("messages").EnumerateArray().Select(m => Message(m, images)).ToArray();
        if (images.TryDequeue(out var only))
        {
            messages[0] = messages[0] with { Parts = [.. messages[0].Parts, only] };   // wherever it stands, it is shown first
        }

        Assert.Empty(images);
        return messages;
    }

    private static ChatMessage Message(JsonElement message, Queue<ContentPart> images)
    {
        var pieces = message.GetProperty("content").GetString()!.Split("<ImageHere>");
        var parts = new List<ContentPart> { new TextPart(pieces[0]) };
        foreach (var piece in pieces.Skip(1))
        {
            parts.AddRange([images.Dequeue(), new TextPart(piece)]);
        }

        return new ChatMessage(message.GetProperty("role").GetString()!, parts);
    }
}
