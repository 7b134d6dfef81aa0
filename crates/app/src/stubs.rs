//! temp
use crate::api::{*,input::*,outline::*,status::*,study::*,work::*};
#[allow(unused_variables)]
impl crate::App {
    pub async fn app_status(&self, input: Nothing) -> Result<AppStatus, Failure> { todo!() }
    pub async fn settings_save(&self, input: Settings) -> Result<Saved, Failure> { todo!() }
    pub async fn place_save(&self, input: Place) -> Result<Saved, Failure> { todo!() }
    pub async fn site_check(&self, input: Address) -> Result<SiteFound, Failure> { todo!() }
    pub async fn sign_in(&self, input: SignIn) -> Result<AccountView, Failure> { todo!() }
    pub async fn sign_out(&self, input: AccountInput) -> Result<AppStatus, Failure> { todo!() }
    pub async fn library_add(&self, input: LibraryAddress) -> Result<LibraryAdded, Failure> { todo!() }
    pub async fn open_path(&self, input: PathInput) -> Result<Opened, Failure> { todo!() }
    pub async fn look_around(&self, input: Nothing) -> Result<CourseInput, Failure> { todo!() }
    pub async fn library(&self, input: Nothing) -> Result<LibraryView, Failure> { todo!() }
    pub async fn offers_refresh(&self, input: Nothing) -> Result<LibraryView, Failure> { todo!() }
    pub async fn course_add(&self, input: OfferInput) -> Result<CourseInput, Failure> { todo!() }
    pub async fn course_remove(&self, input: CourseInput) -> Result<LibraryView, Failure> { todo!() }
    pub async fn course(&self, input: CourseInput) -> Result<CourseView, Failure> { todo!() }
    pub async fn take_along(&self, input: TakeAlong) -> Result<CourseView, Failure> { todo!() }
    pub async fn take_pause(&self, input: TakeScope) -> Result<CourseView, Failure> { todo!() }
    pub async fn take_resume(&self, input: TakeScope) -> Result<CourseView, Failure> { todo!() }
    pub async fn take_remove(&self, input: TakeScope) -> Result<CourseView, Failure> { todo!() }
    pub async fn jobs(&self, input: Nothing) -> Result<Jobs, Failure> { todo!() }
    pub async fn item(&self, input: ItemInput) -> Result<ItemView, Failure> { todo!() }
    pub async fn item_close(&self, input: Nothing) -> Result<Saved, Failure> { todo!() }
    pub async fn watched(&self, input: WatchedInput) -> Result<Saved, Failure> { todo!() }
    pub async fn reading_place(&self, input: ReadingPlace) -> Result<Saved, Failure> { todo!() }
    pub async fn done_mark(&self, input: DoneMark) -> Result<Saved, Failure> { todo!() }
    pub async fn attempt_start(&self, input: ItemInput) -> Result<AttemptView, Failure> { todo!() }
    pub async fn response_save(&self, input: ResponseSave) -> Result<Saved, Failure> { todo!() }
    pub async fn attempt_finish(&self, input: AttemptInput) -> Result<AttemptView, Failure> { todo!() }
    pub async fn draft_save(&self, input: DraftSave) -> Result<Saved, Failure> { todo!() }
    pub async fn file_attach(&self, input: FileAttach) -> Result<Draft, Failure> { todo!() }
    pub async fn file_detach(&self, input: FileDetach) -> Result<Draft, Failure> { todo!() }
    pub async fn hand_in(&self, input: ItemInput) -> Result<WorkCard, Failure> { todo!() }
    pub async fn post_send(&self, input: PostSend) -> Result<WorkCard, Failure> { todo!() }
    pub async fn outbox(&self, input: Nothing) -> Result<OutboxView, Failure> { todo!() }
    pub async fn work(&self, input: WorkInput) -> Result<WorkDetail, Failure> { todo!() }
    pub async fn work_retry(&self, input: WorkInput) -> Result<WorkDetail, Failure> { todo!() }
    pub async fn inbox(&self, input: Nothing) -> Result<Inbox, Failure> { todo!() }
    pub async fn feedback_seen(&self, input: FeedbackInput) -> Result<Inbox, Failure> { todo!() }
    pub async fn sync_now(&self, input: Nothing) -> Result<AppStatus, Failure> { todo!() }
}
