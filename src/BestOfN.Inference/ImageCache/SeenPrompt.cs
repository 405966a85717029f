using BestOfN.Core.Prompts;
using BestOfN.Inputs.Templates;

namespace BestOfN.Inference.ImageCache;

/// <summary>A conversation whose pictures have ids, and the leases on them. Disposing it, on any thread, gives them back.</summary>
/// <param name="messages">Pictures and videos are <see cref="ImageIdsPart"/>s.</param>
/// <param name="pictures">One for each lease.</param>
/// <param name="store">Where they are from; null where there are none.</param>
internal sealed class SeenPrompt(IReadOnlyList<ChatMessage> messages, IReadOnlyList<StoredPicture> pictures, PictureStore? store)
    : IDisposable
{
    private int _isDisposed;

    public IReadOnlyList<ChatMessage> Messages => messages;

    public IReadOnlyList<StoredPicture> Pictures => pictures;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            foreach (var picture in pictures)
            {
                store!.Return(picture);
            }
        }
    }
}
