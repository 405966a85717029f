using BestOfN.Core.Prompts;
using BestOfN.Models.Pictures;

namespace BestOfN.Models.Prompts;

/// <summary>Shows a conversation's pictures and videos to a model: decodes and tiles them, beside the device and in parallel, and gives them ids. Thread-safe.</summary>
/// <param name="store">The model's pictures; null where it reads text only.</param>
/// <param name="hdNum">Largest number of tiles for the only picture of a conversation.</param>
/// <param name="prepare">Decodes a part and cuts it into at most so many tiles.</param>
internal sealed class PromptReader(PictureStore? store, int hdNum, Func<ContentPart, int, Task<TiledPicture>> prepare)
{
    /// <summary>The published wrapper's number of tiles where a conversation has several pictures, whatever was asked for.</summary>
    private const int HdNumOfSeveral = 6;

    /// <summary>A reader for models of text.</summary>
    public static PromptReader TextOnly { get; } = new(null, 1, (_, _) => throw new NotSupportedException());

    public bool AcceptsPictures => store is not null;

    public static bool HasPictures(IReadOnlyList<ChatMessage> messages) => messages.Any(m => m.Parts.Any(IsPicture));

    /// <summary>Refuses what needs no look at the content.</summary>
    /// <exception cref="UnreadablePromptException">There are pictures, and the model reads text only.</exception>
    public void Check(IReadOnlyList<ChatMessage> messages)
    {
        if (store is null && Pictures(messages).FirstOrDefault() is { Part: { } part } found)
        {
            throw new UnreadablePromptException($"{found.Name}: expected text, found {(part is VideoPart ? "a video" : "a picture")}; the model reads text only.");
        }
    }

    /// <summary>Leases all pictures, and waits until their ids are known.</summary>
    /// <param name="messages">The conversation.</param>
    /// <param name="largestHdNum">In place of the model's own.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="UnreadablePromptException">A picture cannot be shown.</exception>
    public async Task<SeenPrompt> ReadAsync(IReadOnlyList<ChatMessage> messages, int? largestHdNum, CancellationToken cancellationToken)
    {
        Check(messages);
        var pictures = Pictures(messages).ToList();
        if (pictures.Count == 0)
        {
            return new SeenPrompt(messages, [], null);
        }

        var tiles = pictures.Count > 1 ? HdNumOfSeveral : largestHdNum ?? hdNum;
        var keys = pictures.Select(p => PictureKey.Of(p.Part, tiles)).ToList();
        var leases = pictures.Select((p, i) => store!.Lease(keys[i], () => prepare(p.Part, tiles))).ToList();
        try
        {
            for (var i = 0; i < leases.Count; i++)
            {
                await ReadyAsync(pictures[i].Name, leases[i].Ready, cancellationToken);
            }
        }
        catch
        {
            leases.ForEach(l => store!.Return(l.Picture));
            throw;
        }

        var next = 0;
        ChatMessage[] seen = [.. messages.Select(m => !m.Parts.Any(IsPicture) ? m
            : m with { Parts = [.. m.Parts.Select(p => IsPicture(p) ? new PicturePart(leases[next++].Picture) : p)] })];
        return new SeenPrompt(seen, [.. leases.Select(l => l.Picture)], store);
    }

    private static async Task ReadyAsync(string name, Task ready, CancellationToken cancellationToken)
    {
        try
        {
            await ready.WaitAsync(cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is not OutOfMemoryException)
        {
            throw new UnreadablePromptException($"{name}: {e.Message}", e);
        }
    }

    private static bool IsPicture(ContentPart part) => part is ImagePart or VideoPart;

    private static IEnumerable<(string Name, ContentPart Part)> Pictures(IReadOnlyList<ChatMessage> messages) =>
        messages.SelectMany((m, i) => m.Parts.Select((p, j) => ($"messages[{i}].content[{j}]", p)).Where(x => IsPicture(x.p)));
}
