using System.Buffers.Binary;
using BestOfN.Inputs.Images;
using SkiaSharp;

namespace BestOfN.Inputs.Tests.Images;

public sealed class ImageDecoderTests
{
    private static readonly Image Original = TestImages.Noise(37, 23);

    public static TheoryData<string> Formats => ["png", "jpeg", "webp", "gif", "bmp", "cmyk", "exif", "png16"];

    [Fact]
    public void Lossless_formats_give_back_every_byte()
    {
        GoldenImages.AssertEqual(Original, Decode(ImageFiles.Encode(Original, SKEncodedImageFormat.Png)));
        GoldenImages.AssertEqual(Original, Decode(ImageFiles.Bmp(Original)));
        GoldenImages.AssertEqual(Original, Decode(ImageFiles.Png(37, 23, 8, 2, Original.Pixels.ToArray())));
    }

    [Theory]
    [InlineData("jpeg")]
    [InlineData("webp")]
    public void Lossy_formats_come_close(string format)
    {
        var picture = Decode(File(format));
        Assert.Equal((64, 48), (picture.Width, picture.Height));
        var (red, green, blue) = picture.At(32, 24);
        Assert.InRange(red, 190, 210);
        Assert.InRange(green, 90, 110);
        Assert.InRange(blue, 40, 60);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void The_first_frame_of_a_GIF_is_decoded_and_transparent_colours_keep_their_RGB(int transparent)
    {
        var picture = Decode(ImageFiles.Gif(transparent));
        Assert.Equal([255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255], picture.Pixels.ToArray());
    }

    [Fact]
    public void Alpha_is_dropped_without_compositing()
    {
        Assert.Equal([200, 100, 50, 1, 2, 3], Decode(ImageFiles.Png(2, 1, 8, 6, [200, 100, 50, 0, 1, 2, 3, 77])).Pixels.ToArray());
        Assert.Equal([200, 200, 200, 9, 9, 9], Decode(ImageFiles.Png(2, 1, 8, 4, [200, 0, 9, 128])).Pixels.ToArray());
        Assert.Equal([10, 20, 30, 40, 50, 60],
            Decode(ImageFiles.Png(2, 1, 8, 3, [0, 1], palette: [10, 20, 30, 40, 50, 60], transparency: [0, 128])).Pixels.ToArray());
    }

    [Fact]
    public void Grey_and_narrow_palettes_are_expanded()
    {
        Assert.Equal([7, 7, 7, 250, 250, 250], Decode(ImageFiles.Png(2, 1, 8, 0, [7, 250])).Pixels.ToArray());
        Assert.Equal([255, 255, 255, 0, 0, 0], Decode(ImageFiles.Png(2, 1, 1, 0, [0b1000_0000])).Pixels.ToArray());
        Assert.Equal([4, 5, 6, 1, 2, 3], Decode(ImageFiles.Png(2, 1, 2, 3, [0b0100_0000], palette: [1, 2, 3, 4, 5, 6])).Pixels.ToArray());
    }

    [Fact]
    public void The_upper_8_of_16_bits_are_kept()
    {
        Assert.Equal([0x12, 0x80, 0xFE], Decode(ImageFiles.Png(1, 1, 16, 2, [0x12, 0xFF, 0x80, 0x00, 0xFE, 0x99])).Pixels.ToArray());
        Assert.Equal([0x12, 0x12, 0x12], Decode(ImageFiles.Png(1, 1, 16, 0, [0x12, 0xFF])).Pixels.ToArray());
        Assert.Equal(
            [0x12, 0x34, 0x56], Decode(ImageFiles.Png(1, 1, 16, 6, [0x12, 0xFF, 0x34, 0xFF, 0x56, 0xFF, 0x10, 0x00])).Pixels.ToArray());
    }

    [Theory]
    [InlineData(0, 0, 0, 0, 255, 255, 255)]
    [InlineData(255, 0, 0, 0, 0, 255, 255)]
    [InlineData(0, 0, 255, 128, 127, 127, 0)]
    public void CMYK_inks_become_RGB(byte cyan, byte magenta, byte yellow, byte black, byte red, byte green, byte blue)
    {
        var picture = Decode(ImageFiles.CmykJpeg(cyan, magenta, yellow, black));
        Assert.Equal((8, 8), (picture.Width, picture.Height));
        var pixel = picture.At(4, 4);
        Assert.InRange(pixel.Red, red - 2, red + 2);
        Assert.InRange(pixel.Green, green - 2, green + 2);
        Assert.InRange(pixel.Blue, blue - 2, blue + 2);
    }

    [Theory]
    [InlineData(1, false, false, false)]
    [InlineData(2, true, false, false)]
    [InlineData(3, true, true, false)]
    [InlineData(4, false, true, false)]
    [InlineData(5, false, false, true)]
    [InlineData(6, true, false, true)]
    [InlineData(7, true, true, true)]
    [InlineData(8, false, true, true)]
    public void A_picture_is_turned_as_its_exif_data_say(byte orientation, bool isMirrored, bool isUpsideDown, bool isTransposed)
    {
        AssertTurned(ImageFiles.WithOrientation(ImageFiles.Encode(Original, SKEncodedImageFormat.Jpeg), orientation),
            isMirrored, isUpsideDown, isTransposed);
        var png = ImageFiles.Encode(Original, SKEncodedImageFormat.Png);
        AssertTurned(ImageFiles.WithPngExif(png, [.. "MM\0*\0\0\0\x08"u8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]),
            isMirrored, isUpsideDown, isTransposed);
        AssertTurned(
            ImageFiles.WithPngExif(
                png, [.. "Exif\0\0II*\0\x08\0\0\0"u8, 2, 0, 0x0F, 0x01, 2, 0, 1, 0, 0, 0,
                    0, 0, 0, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]),
            isMirrored, isUpsideDown, isTransposed);
    }

    [Fact]
    public void A_png_is_turned_as_exif_data_written_as_text_say()
    {
        byte[] exif = [.. "Exif\0\0MM\0*\0\0\0\x08"u8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0];
        var digits = Convert.ToHexStringLower(exif);
        var text = System.Text.Encoding.ASCII.GetBytes($"\nexif\n{exif.Length,8}\n{digits[..40]}\n{digits[40..]}\n");
        using var packed = new MemoryStream();
        using (var zlib = new System.IO.Compression.ZLibStream(packed, System.IO.Compression.CompressionMode.Compress, leaveOpen: true))
        {
            zlib.Write(text);
        }

        var png = ImageFiles.Encode(Original, SKEncodedImageFormat.Png);
        byte[] keyword = [.. "Raw profile type exif\0"u8];
        AssertTurned(ImageFiles.WithPngChunk(png, "tEXt"u8, [.. keyword, .. text]), true, false, true);
        AssertTurned(ImageFiles.WithPngChunk(png, "zTXt"u8, [.. keyword, 0, .. packed.ToArray()]), true, false, true);
        AssertTurned(ImageFiles.WithPngChunk(png, "tEXt"u8, [.. "Comment\0"u8, .. text]), false, false, false);
        foreach (var broken in (byte[][])[[], [0], [0, 1, 2, 3], [.. text[..20]], [.. "\nexif\n8\nno digits"u8]])
        {
            AssertTurned(ImageFiles.WithPngChunk(png, "tEXt"u8, [.. keyword, .. broken]), false, false, false);
            AssertTurned(ImageFiles.WithPngChunk(png, "zTXt"u8, [.. keyword, .. broken]), false, false, false);
        }
    }

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { (byte)'M', (byte)'M', 0, (byte)'*', 0, 0, 0, 8 })]
    [InlineData(new byte[] { (byte)'M', (byte)'M', 0, (byte)'*', 0xFF, 0xFF, 0xFF, 0xFF, 0, 0 })]
    [InlineData(new byte[] { (byte)'M', (byte)'M', 0, (byte)'*', 0, 0, 0, 8, 0, 9, 0x01, 0x12 })]
    [InlineData(new byte[] { (byte)'M', (byte)'M', 0, (byte)'*', 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 9, 0, 0 })]
    public void Exif_data_of_a_png_that_make_no_sense_turn_nothing(byte[] exif)
    {
        var png = ImageFiles.Encode(Original, SKEncodedImageFormat.Png);
        Assert.Equal(Decode(png).Pixels, Decode(ImageFiles.WithPngExif(png, exif)).Pixels);
    }

    private static void AssertTurned(byte[] file, bool isMirrored, bool isUpsideDown, bool isTransposed)
    {
        var stored = ImageDecoder.Decode(file, ImageLimits.Default, ImageOrientation.AsStored, TestContext.Current.CancellationToken);
        var shown = Decode(file);

        Assert.Equal((37, 23), (stored.Width, stored.Height));
        Assert.Equal(isTransposed ? (23, 37) : (37, 23), (shown.Width, shown.Height));
        for (var y = 0; y < shown.Height; y++)
        {
            for (var x = 0; x < shown.Width; x++)
            {
                var (u, v) = (isMirrored ? shown.Width - 1 - x : x, isUpsideDown ? shown.Height - 1 - y : y);
                Assert.Equal(isTransposed ? stored.At(v, u) : stored.At(u, v), shown.At(x, y));
            }
        }
    }

    [Fact]
    public void Limits_are_checked_before_memory_is_taken()
    {
        var png = ImageFiles.Encode(Original, SKEncodedImageFormat.Png);
        Refuse(png, ImageLimits.Default with { Bytes = 10 }, "at most 10 are allowed");
        Refuse(png, ImageLimits.Default with { Pixels = (37 * 23) - 1 }, "declares 37 x 23 pixels");
        Refuse(png, ImageLimits.Default with { Side = 36 }, "36 along a side");

        var before = GC.GetAllocatedBytesForCurrentThread();
        Refuse(ImageFiles.Png(30_000, 30_000, 8, 2, []), ImageLimits.Default, "declares 30000 x 30000 pixels");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000);
    }

    [Fact]
    public void A_jpeg_with_scans_without_end_is_refused()
    {
        var jpeg = ImageFiles.Encode(Original, SKEncodedImageFormat.Jpeg);
        Refuse([.. jpeg, .. Enumerable.Repeat<byte[]>([0xFF, 0xDA], 300).SelectMany(b => b)], ImageLimits.Default, "more than 256 scans");
        Refuse([.. jpeg, .. Enumerable.Repeat<byte[]>([0xFF, 0xDA], 30).SelectMany(b => b)],
            ImageLimits.Default with { Pixels = 37 * 23 }, "31 scans, too many");
    }

    [Theory]
    [InlineData("zTXt")]
    [InlineData("iTXt")]
    public void A_png_with_texts_without_end_is_refused(string chunk)
    {
        var png = ImageFiles.Encode(Original, SKEncodedImageFormat.Png);
        byte[] text = [0, 0, 0, 0, .. System.Text.Encoding.ASCII.GetBytes(chunk), 0, 0, 0, 0];
        Refuse([.. png[..33], .. Enumerable.Repeat(text, 101).SelectMany(b => b), .. png[33..]],
            ImageLimits.Default, "more than 100 texts");
    }

    [Fact]
    public void A_cancelled_request_gets_no_image()
    {
        using var abandoned = new CancellationTokenSource();
        abandoned.Cancel();
        Assert.Throws<OperationCanceledException>(() => ImageDecoder.Decode(File("png"), ImageLimits.Default, abandoned.Token));
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    [InlineData("<svg xmlns='http://www.w3.org/2000/svg'/>")]
    public void A_file_that_is_not_an_image_is_an_error(string text) =>
        Refuse(System.Text.Encoding.ASCII.GetBytes(text), ImageLimits.Default, "known format");

    [Theory, MemberData(nameof(Formats))]
    public void A_truncated_picture_is_never_taken_for_a_whole_one(string format)
    {
        var file = File(format);
        for (var length = 0; length < file.Length / 2; length += Math.Max(1, file.Length / 60))
        {
            Assert.Throws<ImageException>(() => Decode(file[..length]));
        }
    }

    [Theory]
    [InlineData(0x7000_0000u)]
    [InlineData(0x7FFF_FFFFu)]
    [InlineData(0x8000_0000u)]
    [InlineData(0xFFFF_FFFFu)]
    public void A_bitmap_whose_pixels_begin_far_behind_its_end_is_refused(uint offset)
    {
        var bmp = ImageFiles.Bmp(Original);
        BinaryPrimitives.WriteUInt32LittleEndian(bmp.AsSpan(10), offset);
        Assert.Throws<ImageException>(() => Decode(bmp));
        Assert.Throws<ImageException>(() => Decode(bmp[..58]));
    }

    [Theory]
    [InlineData("png", 16)]
    [InlineData("gif", 6)]
    [InlineData("bmp", 18)]
    public void A_picture_that_declares_more_pixels_than_memory_holds_is_refused(string format, int sizeAt)
    {
        var file = File(format);
        file.AsSpan(sizeAt, format == "gif" ? 4 : 8).Fill(0x7F);
        Assert.Throws<ImageException>(() => Decode(file));
    }

    [Theory]
    [InlineData("0000010001000101000001001800300000001600000028000000")]
    [InlineData("00000101")]
    [InlineData("0000001C6674797061766966000000006D696631617669666D696166")]
    [InlineData("00000018667479706865696300000000686569636D696631")]
    [InlineData("49492A0008000000")]
    [InlineData("FF0A")]
    public void Icons_and_other_formats_of_the_native_library_are_refused(string start) =>
        Refuse([.. Convert.FromHexString(start), .. new byte[100]], ImageLimits.Default, "known format");

    [Theory, MemberData(nameof(Formats))]
    public void A_damaged_picture_gives_a_picture_or_a_clear_error(string format)
    {
        var random = new Random(3);
        var file = File(format);
        var limits = ImageLimits.Default with { Pixels = 1_000_000 };
        var refused = 0;
        for (var round = 0; round < 500; round++)
        {
            var damaged = file[..(round % 5 == 0 ? random.Next(file.Length) : file.Length)];
            for (var i = 0; i < 1 << (round % 7) && damaged.Length > 0; i++)
            {
                damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            }

            try
            {
                Assert.NotNull(ImageDecoder.Decode(damaged, limits, TestContext.Current.CancellationToken));
            }
            catch (ImageException exception)
            {
                refused++;
                Assert.NotEmpty(exception.Message);
            }
        }

        Assert.InRange(refused, 1, 500);
    }

    private static byte[] File(string format)
    {
        var even = new byte[64 * 48 * 3];
        for (var i = 0; i < even.Length; i++)
        {
            even[i] = (byte)(200 - (i % 3 * 100) + (i % 3 == 2 ? 50 : 0));
        }

        Image picture = new(64, 48, even);
        return format switch
        {
            "png" => ImageFiles.Encode(Original, SKEncodedImageFormat.Png),
            "jpeg" => ImageFiles.Encode(picture, SKEncodedImageFormat.Jpeg, 95),
            "webp" => ImageFiles.Encode(picture, SKEncodedImageFormat.Webp, 95),
            "gif" => ImageFiles.Gif(2),
            "bmp" => ImageFiles.Bmp(Original),
            "cmyk" => ImageFiles.CmykJpeg(10, 20, 30, 40),
            "exif" => ImageFiles.WithOrientation(ImageFiles.Encode(Original, SKEncodedImageFormat.Jpeg), 6),
            _ => ImageFiles.Png(16, 16, 16, 6, [.. Enumerable.Range(0, 16 * 16 * 8).Select(i => (byte)(i * 7))]),
        };
    }

    private static Image Decode(byte[] file) => ImageDecoder.Decode(file, ImageLimits.Default, TestContext.Current.CancellationToken);

    private static void Refuse(byte[] file, ImageLimits limits, string message) => Assert.Contains(
        message,
        Assert.Throws<ImageException>(() => ImageDecoder.Decode(file, limits, TestContext.Current.CancellationToken)).Message,
        StringComparison.Ordinal);
}
