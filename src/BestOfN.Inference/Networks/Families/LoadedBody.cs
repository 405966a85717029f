using BestOfN.Inference.Kernels;
using BestOfN.Inference.Networks.Vision;
using BestOfN.Inference.Runtime;
using BestOfN.Inference.Weights;
using static TorchSharp.torch;

namespace BestOfN.Inference.Networks.Families;

/// <summary>All of a network but its head, as a model folder describes it. Disposing it takes back what was loaded.</summary>
internal sealed class LoadedBody : IDisposable
{
    private readonly DecoderConfiguration _sizes;
    private readonly bool _seesImages;
    private Decoder? _decoder;

    /// <summary>Reads the configuration and opens the checkpoint; weights are not loaded yet.</summary>
    public LoadedBody(string folder, IReadOnlyList<string> architectures, Func<string, Checkpoint> open)
    {
        Configuration = ModelConfiguration.Load(folder);
        Family = DecoderFamilies.Of(Configuration, architectures);
        _sizes = Family.Read(Configuration);
        _seesImages = InternLMXComposer2.Is(Family);
        Assumptions = [.. FieldChecks.Assumptions(Family, Configuration)];
        Checkpoint = open(folder);
    }

    public ModelConfiguration Configuration { get; }

    public DecoderFamily Family { get; }

    public Checkpoint Checkpoint { get; }

    public List<string> Assumptions { get; }

    public Decoder Decoder => _decoder!;

    public ImageEncoder? ImageEncoder { get; private set; }

    public int MaxTiles => InternLMXComposer2.MaxTiles(Configuration, ImageEncoder, Assumptions);

    public int? MaxLength => _seesImages ? InternLMXComposer2.MaxLength(Configuration, Assumptions) : null;

    /// <summary>InternLM-XComposer has one architecture for both kinds of model; only the head tells them apart.</summary>
    /// <exception cref="CheckpointException">The folder holds the other kind.</exception>
    public void RefuseOtherKind(bool isReward)
    {
        var languageHead = Family.LanguageHead + ".weight";
        var (hasReward, hasLanguage) = (RewardHead.IsIn(Checkpoint), Checkpoint.Contains(languageHead));
        if (_seesImages && isReward && !hasReward && hasLanguage)
        {
            throw new CheckpointException(
                $"{Checkpoint.Folder}: expected a reward model with score.weight, found a language model with {languageHead}.");
        }

        if (_seesImages && !isReward && !_sizes.TiedEmbeddings && !hasLanguage)
        {
            throw new CheckpointException(
                $"{Checkpoint.Folder}: expected a language model with {languageHead}, found {(hasReward ? "a reward model" : "no head")}.");
        }
    }

    /// <summary>Loads decoder and vision encoder.</summary>
    /// <param name="type">Their type.</param>
    /// <param name="device">Where to run.</param>
    /// <param name="prepacks">Whether the weights of products are copied into the order in which a CPU reads them fastest.</param>
    /// <param name="mode">What they are for.</param>
    public void Load(ScalarType type, Device device, bool prepacks, ComputeMode mode)
    {
        var sizes = _sizes;
        if (_seesImages)
        {
            sizes = InternLMXComposer2.WithPartialLora(sizes, Configuration, Checkpoint, Assumptions);
            ImageEncoder = InternLMXComposer2.LoadImageEncoder(
                Configuration, sizes, Checkpoint, type, device, Assumptions, prepacks ? Aten.PrepackFor(type, device) : null, mode);
        }

        _decoder = DecoderLoader.Load(Family, sizes, (name, shape) => Checkpoint.Take(name, shape, type, device), mode);
        _decoder = prepacks ? _decoder.IntoPrepacked() : _decoder;
        Checkpoint.RefuseUnreadLayers();
    }

    public void Dispose()
    {
        ImageEncoder?.Dispose();
        _decoder?.Dispose();
        Checkpoint.Dispose();
    }
}
