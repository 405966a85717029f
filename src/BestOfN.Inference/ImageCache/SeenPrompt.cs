using BestOfN.Core.Prompts;
using BestOfN.Inputs.Templates;

namespace BestOfN.Inference.ImageCache;

/// <summary>A conversation whose images have ids, and the leases on them. Disposing it, on any thread, gives them back.</summary>
/// <param name="messages">Images and videos are <see cref="ImageIdsPart"/>s.</param>
/// <param name="images">One for each lease.</param>
/// <param name="store">Where they are from; null where there are none.</param>
internal sealed class SeenPrompt(IReadOnlyList<ChatMessage> messages, IReadOnlyList<StoredImage> images, ImageStore? store)
    : IDisposable
{
    private int _isDisposed;

    public IReadOnlyList<ChatMessage> Messages => messages;

    public IReadOnlyList<StoredImage> Images => images;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            foreach (var image in images)
            {
                store!.Return(image);
            }
        }
    }
}
