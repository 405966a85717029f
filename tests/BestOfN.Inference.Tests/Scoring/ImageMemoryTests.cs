using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Inference.Runtime;
using BestOfN.Inference.Scoring;
using BestOfN.Testing;
using TorchSharp;

namespace BestOfN.Inference.Tests.Scoring;

[Collection(NativeMemory.Name)]
public sealed class ImageMemoryTests
{
    [Fact]
    public async Task Sessions_about_images_leave_native_memory_flat_and_are_counted()
    {
        using var worker = new DeviceWorker(torch.CPU);
        // two images of 841 · 32 floats
        var options = ImageConversations.Options with { HdNum = 1, ImageCacheBytes = 250_000, PromptCacheBytes = 1 << 20 };
        using var engine = ScoringEngine.Load(
            "memory-eye", GoldenFiles.Folder("ixc25-reward/image-1x1"), torch.ScalarType.Float32, worker, options);
        ImagePart[] images =
        [
            ImageConversations.Image("image-1x1", "image_0.png"), ImageConversations.Image("image-2x3", "image_0.png"),
            ImageConversations.Image("image-portrait", "image_0.png"), ImageConversations.Image("multi-image", "image_1.png"),
        ];
        await Score(6);
        var tensors = await MeasureAsync();
        await Score(24);
        Assert.InRange(await MeasureAsync(), 0, tensors + 4);   // one image or prompt state more or less
        Assert.InRange(engine.Reader.Store!.Bytes, 1, options.ImageCacheBytes);

        var counted = MeterReadings.Read("bestofn.reward_model", "memory-eye");
        Assert.Equal(30, counted["bestofn.scoring.picture_cache.lookups:hit"] + counted["bestofn.scoring.picture_cache.lookups:miss"]);
        Assert.Equal(engine.EncodedImages, counted["bestofn.scoring.pictures"]);
        Assert.InRange(counted["bestofn.scoring.picture_cache.evictions"], 1, 30);
        Assert.Equal(engine.Reader.Store.Bytes, counted["bestofn.scoring.picture_cache.size"]);

        async Task Score(int sessions)
        {
            for (var i = 0; i < sessions; i++)
            {
                await using var session = engine.Begin(
                    new Prompt([new("user", [new TextPart($"What is {i}?"), images[i % images.Length]])]));
                await session.ScoreAsync([new Answer(0, "one"), new Answer(1, "two")], TestContext.Current.CancellationToken);
            }
        }

        async Task<long> MeasureAsync()
        {
            await worker.RunAsync(() => { }, TestContext.Current.CancellationToken);
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return torch.Tensor.TotalCount;
        }
    }
}
