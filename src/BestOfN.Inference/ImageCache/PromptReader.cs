using BestOfN.Core.Prompts;
using BestOfN.Inference.Networks;
using BestOfN.Inference.Networks.Vision;
using BestOfN.Inputs.Images;
using BestOfN.Inputs.Templates;
using BestOfN.Inputs.Tokenizers;
using BestOfN.Inputs.Videos;

namespace BestOfN.Inference.ImageCache;

/// <summary>
/// Shows a conversation's images and videos to a model: decodes and tiles them, beside the device and in parallel, and gives them ids.
/// Thread-safe.
/// </summary>
/// <param name="store">The model's images; null where it reads text only.</param>
/// <param name="hdNum">Largest number of tiles for the only image of a conversation.</param>
/// <param name="prepare">Decodes a part and cuts it into tiles.</param>
internal sealed class PromptReader(
    ImageStore? store, int hdNum, Func<ContentPart, ImageKey, CancellationToken, Task<TiledImage>> prepare)
{
    /// <summary>The published wrapper's number of tiles where a conversation has several images, whatever was asked for.</summary>
    private const int HdNumOfSeveral = 6;

    /// <summary>For models of text.</summary>
    public static PromptReader TextOnly { get; } = new(null, 1, (_, _, _) => throw new NotSupportedException());

    public ImageStore? Store => store;

    public bool AcceptsPictures => store is not null;

    /// <summary>The reader that suits a model.</summary>
    /// <param name="encoder">Null where the model reads text only.</param>
    /// <param name="decoder">The model's.</param>
    /// <param name="tokenizer">The model's; its ids may reach past the model's vocabulary.</param>
    /// <param name="hdNum">Largest number of tiles.</param>
    /// <param name="cacheBytes">Memory for vectors.</param>
    public static PromptReader For(ImageEncoder? encoder, Decoder decoder, ITokenizer tokenizer, int hdNum, long cacheBytes) =>
        encoder is null ? TextOnly : new(
        new ImageStore(encoder, decoder, Math.Max(decoder.Configuration.VocabularySize, tokenizer.VocabularySize), cacheBytes),
        hdNum,
        (part, key, cancellation) => ImagePreparation.PrepareAsync(part, key, encoder.Configuration.ImageSize, cancellation));

    /// <summary>Leases all images, and waits until their ids are known.</summary>
    /// <param name="messages">The conversation.</param>
    /// <param name="largest">Tiles at most, in place of the model's own number.</param>
    /// <param name="orientation">Whether EXIF data turn an image.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="UnreadablePromptException">An image cannot be shown.</exception>
    public async Task<SeenPrompt> ReadAsync(
        IReadOnlyList<ChatMessage> messages, int? largest, ImageOrientation orientation, CancellationToken cancellationToken)
    {
        var images = Images(messages).ToList();
        if (images.Count == 0)
        {
            return new SeenPrompt(messages, [], null);
        }

        if (store is null)
        {
            var (name, part) = images[0];
            throw new UnreadablePromptException(
                $"{name}: expected text, found a {(part is VideoPart ? "video" : "picture")}; the model reads text only.", part);
        }

        var tiles = images.Count > 1 ? HdNumOfSeveral : largest ?? hdNum;
        var keys = images.Select(p => ImageKey.Of(p.Part, tiles, orientation)).ToList();
        var request = new object();
        var leases =
            images.Select((p, i) => store.Lease(keys[i], request, cancellation => prepare(p.Part, keys[i], cancellation))).ToList();
        try
        {
            for (var i = 0; i < leases.Count; i++)
            {
                await ReadyAsync(images[i].Name, images[i].Part, leases[i].Ready, cancellationToken);
            }
        }
        catch
        {
            leases.ForEach(l => store.Return(l.Image));
            throw;
        }

        var next = 0;
        ChatMessage[] seen = [.. messages.Select(m => !m.Parts.Any(IsImage) ? m
            : m with { Parts = [.. m.Parts.Select(p => IsImage(p) ? new ImageIdsPart([.. leases[next++].Image.Ids]) : p)] })];
        return new SeenPrompt(seen, [.. leases.Select(l => l.Image)], store);
    }

    private static async Task ReadyAsync(string name, ContentPart part, Task ready, CancellationToken cancellationToken)
    {
        try
        {
            await ready.WaitAsync(cancellationToken);
        }
        catch (Exception e) when (e is ImageException or VideoException)
        {
            throw new UnreadablePromptException($"{name}: {e.Message}", e is VideoToolMissingException ? null : part, e);
        }
    }

    private static bool IsImage(ContentPart part) => part is ImagePart or VideoPart;

    private static IEnumerable<(string Name, ContentPart Part)> Images(IReadOnlyList<ChatMessage> messages) =>
        messages.SelectMany((m, i) => m.Parts.Select((p, j) => (p.Source ?? $"messages[{i}].content[{j}]", p)).Where(x => IsImage(x.p)));
}
