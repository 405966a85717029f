using BestOfN.Inference.ImageCache;
using BestOfN.Inference.Networks;
using BestOfN.Inference.Runtime;
using BestOfN.Inputs.Templates;
using BestOfN.Inputs.Tokenizers;

namespace BestOfN.Inference.Folders;

/// <summary>A model folder in the published layout, opened for an engine.</summary>
internal sealed class ModelFolder<TNetwork>
    where TNetwork : class, INetwork
{
    private ModelFolder(string path, TNetwork network, ITokenizer tokenizer, PromptReader reader) =>
        (Path, Network, Tokenizer, Reader) = (path, network, tokenizer, reader);

    public string Path { get; }

    /// <summary>The engine's from here on.</summary>
    public TNetwork Network { get; }

    public ITokenizer Tokenizer { get; }

    /// <summary>Reads images for the network, or refuses them.</summary>
    public PromptReader Reader { get; }

    /// <summary>Loads the network on the device's thread and the tokenizer here, and makes the engine. Nothing stays loaded where something
    /// of it throws.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="worker">The device's thread.</param>
    /// <param name="load">Loads the network.</param>
    /// <param name="images">Most tiles of an image, null: the network's own; and the memory for encoded images, in bytes.</param>
    /// <param name="make">Makes the engine, which owns the network from then on.</param>
    /// <param name="needsTokenizer">False: where the folder has no tokenizer, one takes its place that refuses every text.</param>
    /// <exception cref="FileNotFoundException">There is no tokenizer, and one is needed.</exception>
    public static TEngine Open<TEngine>(
        string path, DeviceWorker worker, Func<TNetwork> load, (int? MaxTiles, long CacheBytes) images,
        Func<ModelFolder<TNetwork>, TEngine> make, bool needsTokenizer = true)
    {
        TNetwork? loaded = null;
        worker.RunToEnd(() => loaded = load());
        var network = loaded!;
        try
        {
            var tokenizer = needsTokenizer || TokenizerFiles.AreIn(path) ? TokenizerFiles.Load(path) : new AbsentTokenizer(path);
            var reader = PromptReader.For(
                network.ImageEncoder, network.Decoder, tokenizer, images.MaxTiles ?? network.MaxTiles, images.CacheBytes);
            return make(new ModelFolder<TNetwork>(path, network, tokenizer, reader));
        }
        catch
        {
            worker.RunToEnd(network.Dispose);
            throw;
        }
    }

    /// <summary>The folder's chat template, or the family's own.</summary>
    /// <param name="time">Clock of templates; null: the system's.</param>
    public ChatTemplate Template(TimeProvider? time = null) => ChatTemplate.Load(Path, Network.Architecture, Tokenizer, time);
}
